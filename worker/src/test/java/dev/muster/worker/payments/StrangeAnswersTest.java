package dev.muster.worker.payments;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.stripe.exception.StripeException;
import com.sun.net.httpserver.HttpServer;
import dev.muster.job.CallUnderWayException;
import dev.muster.job.JobId;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a proxy, or a provider on a bad day, may say: nothing of it is the provider's word about a payment. */
final class StrangeAnswersTest {
    private static final PaymentCharge PAYMENT = new PaymentCharge(1999, "eur", "cus_1", "pm_card_visa");
    private static final JobId JOB = JobId.of("test", "strange");

    private final HttpServer server;
    private final PaymentGateway gateway;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private volatile String body = "";

    StrangeAnswersTest() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.add(exchange.getRequestMethod());
            exchange.getResponseHeaders().set("Location", "/elsewhere");
            exchange.getRequestBody().readAllBytes();
            byte[] bytes = body.getBytes(UTF_8);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            if (bytes.length > 0) {
                exchange.getResponseBody().write(bytes);
            }
            exchange.close();
        });
        server.createContext("/elsewhere", exchange -> {
            byte[] intent = "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"status\":\"succeeded\"}".getBytes(UTF_8);
            exchange.sendResponseHeaders(200, intent.length);
            exchange.getResponseBody().write(intent);
            exchange.close();
        });
        server.start();
        gateway = new PaymentGateway(
                "http://127.0.0.1:" + server.getAddress().getPort(),
                "sk_test_muster",
                Duration.ofSeconds(5),
                false,
                new SimpleMeterRegistry(),
                Ticker.system());
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @ParameterizedTest
    @CsvSource({
        "200, ''",
        "200, <html/>",
        "200, []",
        "204, ''",
        "302, ''",
        "304, ''",
        "400, ''",
        "400, <html/>",
        "400, {}",
        "401, ''",
        "402, <html/>",
        "403, {}",
        "404, 404 page not found",
        "404, ''",
        "409, ''",
        "409, <html/>",
        "429, ''",
        "429, <html/>",
        "500, ''",
        "502, <html/>",
        "503, ''",
        "504, {}",
        "200, {}",
        "200, '{\"status\":\"succeeded\"}'",
        "200, '{\"object\":\"payment_intent\",\"status\":\"succeeded\"}'",
        "402, '{\"error\":{\"code\":\"card_declined\"}}'",
        "404, '{\"error\":{\"type\":\"resource_not_found_exception\"}}'"
    })
    void leave_open_what_became_of_a_charge(int answered, String said) {
        status = answered;
        body = said;

        assertThatThrownBy(() -> gateway.charge(PAYMENT, JOB, "key", Optional.empty()))
                .isInstanceOfAny(StripeException.class, IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[]",
                "{\"data\":[]}",
                "{\"has_more\":false}",
                "{\"data\":[],\"has_more\":true}",
                "{\"data\":[{\"id\":\"pi_1\"}],\"has_more\":true}"
            })
    void are_no_book_that_a_payment_is_missing_from(String said) {
        body = said;
        Instant longAgo = Instant.now().minus(Duration.ofDays(2));

        assertThatThrownBy(() -> gateway.charge(PAYMENT, JOB, "key", Optional.of(longAgo)))
                .isInstanceOf(StripeException.class);
        assertThat(requests).as("nothing was charged again").containsOnly("GET");
    }

    @ParameterizedTest
    @CsvSource({"200, ''", "200, <html/>", "302, ''", "404, page not found", "429, ''", "503, ''", "503, <html/>"})
    void are_no_signs_of_life(int answered, String said) {
        status = answered;
        body = said;

        assertThat(gateway.answers()).isFalse();
    }

    @Test
    void the_providers_own_errors_are_signs_of_life() {
        status = 401;
        body = "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no such key\"}}";

        assertThat(gateway.answers()).isTrue();
    }

    @Test
    void of_conflicts_only_the_busy_key_is_a_call_under_way() {
        status = 409;
        body = "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"idempotency_key_in_use\"}}";
        assertThatThrownBy(() -> gateway.charge(PAYMENT, JOB, "key", Optional.empty()))
                .isInstanceOf(CallUnderWayException.class);

        body = "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"lock_timeout\"}}";
        assertThatThrownBy(() -> gateway.charge(PAYMENT, JOB, "key", Optional.empty()))
                .isInstanceOf(StripeException.class)
                .hasMessageContaining("409");
    }

    @Test
    void what_is_refused_now_may_have_been_paid_before() {
        status = 404;
        body = "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\"}}";

        assertThatThrownBy(() -> gateway.charge(PAYMENT, JOB, "key", Optional.of(Instant.now())))
                .as("the books are asked, and can't be had")
                .isInstanceOf(StripeException.class);
        assertThat(requests).containsExactly("POST", "GET");
    }

    @Test
    void a_decline_without_a_reason_is_one() throws Exception {
        status = 402;
        body = "{\"error\":{\"type\":\"card_error\"}}";

        assertThat(gateway.charge(PAYMENT, JOB, "key", Optional.empty()))
                .isEqualTo(new PaymentAnswer.Declined("declined"));
    }
}
