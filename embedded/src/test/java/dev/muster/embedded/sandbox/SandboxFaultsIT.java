package dev.muster.embedded.sandbox;

import static dev.muster.embedded.sandbox.StripeClients.key;
import static dev.muster.embedded.sandbox.StripeClients.payment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.stripe.StripeClient;
import com.stripe.exception.RateLimitException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SandboxFaultsIT {
    private static final String OK = "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true";

    // HTTP/1.1 without the JDK's silent repetition of a POST whose connection broke.
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Path folder;
    private final SandboxServer server;

    SandboxFaultsIT(@TempDir Path folder) {
        this.folder = folder;
        this.server = new SandboxServer(SandboxConfig.in(folder).withFaults(FaultPlan.instant()));
    }

    @BeforeAll
    void start() {
        server.start();
    }

    @BeforeEach
    void calm() throws Exception {
        send("DELETE", "/sandbox/faults", "", "");
    }

    @AfterAll
    void stop() {
        server.stop();
    }

    @Test
    void a_lost_answer_leaves_one_charge_and_the_retry_finds_it() throws Exception {
        faults("{\"rules\":{\"RESET_AFTER\":{\"next\":1}}}");

        assertThatThrownBy(() -> pay("lost", OK)).isInstanceOf(IOException.class);
        HttpResponse<String> retry = pay("lost", OK);

        assertThat(retry.statusCode()).isEqualTo(200);
        assertThat(retry.headers().firstValue("Idempotent-Replayed")).hasValue("true");
        assertThat(audit("lost")).hasSize(1);
    }

    @Test
    void a_lost_request_leaves_no_charge() throws Exception {
        faults("{\"rules\":{\"RESET_BEFORE\":{\"next\":1}}}");

        assertThatThrownBy(() -> pay("never", OK)).isInstanceOf(IOException.class);

        assertThat(audit("never")).isEmpty();
        assertThat(pay("never", OK).headers().firstValue("Idempotent-Replayed")).isEmpty();
    }

    @Test
    void a_rate_limit_names_when_to_come_back_and_is_not_stored() throws Exception {
        faults("{\"retryAfterSeconds\":7,\"rules\":{\"RATE_LIMIT\":{\"next\":1}}}");
        StripeClient stripe = StripeClients.at(server.url());

        RateLimitException limited = catchThrowableOfType(
                RateLimitException.class,
                () -> stripe.v1().paymentIntents().create(payment("j", 500, "pm_card_visa"), key("limited")));

        assertThat(limited.getStatusCode()).isEqualTo(429);
        assertThat(stripe.v1()
                        .paymentIntents()
                        .create(payment("j", 500, "pm_card_visa"), key("limited"))
                        .getStatus())
                .isEqualTo("succeeded");
    }

    @Test
    void a_key_in_flight_answers_409_until_its_request_ends() throws Exception {
        CompletableFuture<HttpResponse<String>> hanging = http.sendAsync(
                post("/v1/payment_intents", "busy", OK.replace("pm_card_visa", "pm_sandbox_hang")),
                BodyHandlers.ofString());
        String same = OK.replace("pm_card_visa", "pm_sandbox_hang");

        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(pay("busy", same).statusCode()).isEqualTo(409));

        assertThat(hanging).isNotDone();
        hanging.cancel(true);
    }

    @Test
    void a_hang_after_the_charge_is_found_by_reading() throws Exception {
        HttpRequest hangs = HttpRequest.newBuilder(
                        post("/v1/payment_intents", "slow", OK.replace("pm_card_visa", "pm_sandbox_hang_after")),
                        (_, _) -> true)
                .timeout(Duration.ofMillis(300))
                .build();

        assertThatThrownBy(() -> http.send(hangs, BodyHandlers.ofString())).isInstanceOf(HttpTimeoutException.class);

        assertThat(audit("slow")).hasSize(1);
    }

    @Test
    void an_outage_takes_all_of_the_api_and_ends_on_command() throws Exception {
        faults("{\"outage\":\"UNAVAILABLE\"}");
        assertThat(pay("out", OK).statusCode()).isEqualTo(503);
        faults("{\"outage\":\"REFUSE\"}");
        assertThatThrownBy(() -> pay("out", OK)).isInstanceOf(IOException.class);
        faults("{\"outage\":\"NONE\"}");

        assertThat(pay("out", OK).statusCode()).isEqualTo(200);
    }

    @Test
    void remembers_charges_and_answers_after_a_kill_and_a_torn_last_line() throws Exception {
        String first = pay("kept", OK).body();

        server.killHard();
        Files.writeString(
                folder.resolve("sandbox/journal.ndjson"), "{\"intent\":{\"id\":\"pi_to", StandardOpenOption.APPEND);
        server.start();

        HttpResponse<String> again = pay("kept", OK);
        assertThat(again.body()).isEqualTo(first);
        assertThat(again.headers().firstValue("Idempotent-Replayed")).hasValue("true");
        assertThat(audit("kept")).hasSize(1);
    }

    private void faults(String json) throws Exception {
        assertThat(send("POST", "/sandbox/faults", "", json).statusCode()).isEqualTo(200);
    }

    private HttpResponse<String> pay(String key, String form) throws Exception {
        return http.send(post("/v1/payment_intents", key, form), BodyHandlers.ofString());
    }

    private List<String> audit(String key) throws Exception {
        return send("GET", "/sandbox/charges", "", "")
                .body()
                .lines()
                .filter(line -> line.contains("\"idempotency_key\":\"" + key + "\""))
                .toList();
    }

    private HttpRequest post(String path, String key, String form) {
        return request("POST", path, key, form);
    }

    private HttpResponse<String> send(String method, String path, String key, String body) throws Exception {
        return http.send(request(method, path, key, body), BodyHandlers.ofString());
    }

    private HttpRequest request(String method, String path, String key, String body) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(server.url() + path))
                .timeout(Duration.ofSeconds(5))
                .header("Authorization", "Bearer sk_test_sandbox")
                .method(method, BodyPublishers.ofString(body));
        return key.isEmpty()
                ? builder.build()
                : builder.header("Idempotency-Key", key).build();
    }
}
