package dev.muster.local.stack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import dev.muster.store.AuditReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Payments that are submitted to a stack while something happens to it, and what became of them. */
final class Payments implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final LocalStack stack;
    private final String source;
    private final Submitter submitter;
    private final List<String> submitted = new ArrayList<>();

    /**
     * @param source tells them from other payments of the stack
     */
    Payments(LocalStack stack, String source) {
        this.stack = stack;
        this.source = source;
        this.submitter = Submitter.open(new KafkaClients(stack.settings()), "payments");
    }

    /** Sends some; they are with Kafka at the latest after {@link #awaitEachChargedOnce}. */
    void submit(int count) {
        byte[] payment =
                "{\"amount\":1999,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}"
                        .getBytes(UTF_8);
        for (int i = 0; i < count; i++) {
            String id = Integer.toString(submitted.size());
            submitted.add(JobId.of(source, id).toString());
            submitter.send(
                    new Submission(source, id, "payment.charge", Optional.empty(), payment, Map.of()),
                    (_, failure) -> assertThat(failure).isNull());
        }
    }

    /** The same as {@link #submit}, and Kafka has them when it returns. */
    void submitted(int count) {
        submit(count);
        submitter.flush();
    }

    void awaitEachChargedOnce() {
        submitter.flush();
        AuditReader reader = new AuditReader(stack.database());
        await("all payments are final")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> mine(reader.finals()).size() == submitted.size());

        assertThat(mine(reader.finals()))
                .allSatisfy(job -> assertThat(job.state()).isEqualTo(JobState.SUCCEEDED));
        assertThat(charged()).containsExactlyInAnyOrderElementsOf(submitted);
    }

    @Override
    public void close() {
        submitter.close();
    }

    private List<AuditReader.FinalJob> mine(List<AuditReader.FinalJob> jobs) {
        return jobs.stream()
                .filter(job -> submitted.contains(job.id().toString()))
                .toList();
    }

    /** The jobs for which the provider has charged somebody, once for each charge. */
    private List<String> charged() {
        HttpRequest request = HttpRequest.newBuilder(stack.sandboxUrl().resolve("/sandbox/charges"))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .map(line -> Json.MAPPER.readTree(line).path("job_id").asString(""))
                    .filter(submitted::contains)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read the charges", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading the charges", e);
        }
    }
}
