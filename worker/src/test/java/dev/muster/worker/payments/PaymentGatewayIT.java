package dev.muster.worker.payments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.ApiException;
import dev.muster.embedded.sandbox.FaultPlan;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.JobId;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What each answer of the provider comes to; its own books are the witness. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PaymentGatewayIT {
    private static final String VISA = "pm_card_visa";

    private final HttpClient http = HttpClient.newHttpClient();
    private final SandboxServer provider;

    PaymentGatewayIT(@TempDir Path folder) {
        this.provider = new SandboxServer(SandboxConfig.in(folder).withFaults(FaultPlan.instant()));
    }

    @BeforeAll
    void start() {
        provider.start();
    }

    @AfterAll
    void stop() {
        provider.stop();
    }

    @BeforeEach
    void calm() throws Exception {
        faults("{\"outage\":\"NONE\"}");
    }

    @Test
    void a_repeated_call_under_its_key_is_answered_as_the_first_was_and_charges_once() throws Exception {
        JobId job = job();
        PaymentAnswer first = charge(job, 1999, "cus_1", VISA);

        assertThat(first).isInstanceOf(PaymentAnswer.Charged.class);
        assertThat(charge(job, 1999, "cus_1", VISA)).isEqualTo(first);
        assertThat(charges(job)).isEqualTo(1);
    }

    @Test
    void a_decline_has_the_providers_reason() throws Exception {
        JobId job = job();

        assertThat(charge(job, 1999, "cus_1", "pm_card_chargeDeclinedInsufficientFunds"))
                .isEqualTo(new PaymentAnswer.Declined("insufficient_funds"));
        assertThat(charge(job(), 1999, "cus_1", "pm_card_chargeDeclinedExpiredCard"))
                .isEqualTo(new PaymentAnswer.Declined("expired_card"));
    }

    @Test
    void what_the_provider_can_not_take_is_refused() throws Exception {
        assertThat(charge(job(), 1, "cus_1", VISA))
                .isEqualTo(new PaymentAnswer.Refused("the provider refuses the request: amount_too_small"));
    }

    @Test
    void a_key_of_another_request_is_refused_unless_the_books_have_the_job() throws Exception {
        JobId job = job();
        PaymentAnswer first = charge(job, 1999, "cus_1", VISA);
        assertThat(charge(job, 2999, "cus_1", VISA))
                .as("such as an earlier version has sent it")
                .isEqualTo(first);
        assertThat(charges(job)).isEqualTo(1);

        JobId other = job();
        assertThat(gateway(provider.url().toString())
                        .charge(new PaymentCharge(1999, "eur", "cus_1", VISA), other, job.toString(), Optional.empty()))
                .isEqualTo(new PaymentAnswer.Refused("the idempotency key was used for another request"));
        assertThat(charges(other)).isZero();
    }

    @Test
    void after_a_stored_500_the_books_say_that_it_was_charged() throws Exception {
        JobId job = job();

        assertThat(charge(job, 1999, "cus_1", "pm_sandbox_error_after_commit"))
                .isInstanceOf(PaymentAnswer.Charged.class);
        assertThat(charges(job)).isEqualTo(1);
    }

    @Test
    void an_old_call_without_an_answer_is_found_among_many_and_not_repeated() throws Exception {
        JobId job = job();
        String customer = "cus_of_many";
        PaymentAnswer first = charge(job, 1999, customer, VISA);
        for (int i = 0; i < 120; i++) {
            var _ = charge(job(), 1999, customer, VISA);
        }

        Instant longAgo = Instant.now().minus(Duration.ofDays(2));
        PaymentAnswer found = gateway(provider.url().toString())
                .charge(new PaymentCharge(1999, "eur", customer, VISA), job, "another-key", Optional.of(longAgo));

        assertThat(found).isEqualTo(first);
        assertThat(charges(job)).isEqualTo(1);
        JobId never = job();
        assertThat(gateway(provider.url().toString())
                        .charge(
                                new PaymentCharge(1999, "eur", customer, VISA),
                                never,
                                never.toString(),
                                Optional.of(longAgo)))
                .as("one that is in no book")
                .isInstanceOf(PaymentAnswer.Charged.class);
    }

    @Test
    void a_limited_rate_names_its_time() throws Exception {
        faults("{\"retryAfterSeconds\":7,\"rules\":{\"RATE_LIMIT\":{\"probability\":0,\"next\":1}}}");

        RateLimitedException limited =
                catchThrowableOfType(RateLimitedException.class, () -> charge(job(), 1999, "cus_1", VISA));

        assertThat(limited.after()).contains(Duration.ofSeconds(7));
    }

    @Test
    void what_leaves_it_open_is_an_exception() throws Exception {
        JobId job = job();
        assertThatThrownBy(() -> charge(job, 1999, "cus_1", "pm_sandbox_reset_after"))
                .isInstanceOf(ApiConnectionException.class);
        assertThat(charge(job, 1999, "cus_1", "pm_sandbox_reset_after")).isInstanceOf(PaymentAnswer.Charged.class);
        assertThat(charges(job)).isEqualTo(1);

        faults("{\"outage\":\"UNAVAILABLE\"}");
        assertThatThrownBy(() -> charge(job(), 1999, "cus_1", VISA))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.getStatusCode()).isEqualTo(503))
                .hasMessageContaining("the provider answered 503: The sandbox is told to be unavailable.");
    }

    @Test
    void a_provider_that_answers_lives() throws Exception {
        PaymentGateway gateway = gateway(provider.url().toString());
        assertThat(gateway.answers()).isTrue();

        faults("{\"outage\":\"UNAVAILABLE\"}");
        assertThat(gateway.answers()).isFalse();
        faults("{\"outage\":\"REFUSE\"}");
        assertThat(gateway.answers()).isFalse();
        assertThat(gateway("http://127.0.0.1:1").answers()).isFalse();
    }

    private PaymentAnswer charge(JobId job, long amount, String customer, String method) throws Exception {
        return gateway(provider.url().toString())
                .charge(new PaymentCharge(amount, "EUR", customer, method), job, job.toString(), Optional.empty());
    }

    private static PaymentGateway gateway(String url) {
        return new PaymentGateway(
                url, "sk_test_muster", Duration.ofSeconds(5), false, new SimpleMeterRegistry(), Ticker.system());
    }

    private static JobId job() {
        return JobId.of("test", UUID.randomUUID().toString());
    }

    private long charges(JobId job) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(provider.url().resolve("/sandbox/charges"))
                                .build(),
                        BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.contains(job.toString()) && line.contains("\"succeeded\""))
                .count();
    }

    private void faults(String plan) throws Exception {
        var _ = http.send(
                HttpRequest.newBuilder(provider.url().resolve("/sandbox/faults"))
                        .POST(BodyPublishers.ofString(plan))
                        .build(),
                BodyHandlers.discarding());
    }
}
