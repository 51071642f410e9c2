package dev.muster.local.submitting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.client.MusterClient;
import dev.muster.client.Submitted;
import dev.muster.config.Setting;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.job.JobState;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The client of a user's own program, from the submission to the outcome. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MusterClientIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final SmallFleet fleet;
    private final String queue;
    private final MusterClient client;

    MusterClientIT(PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) {
        fleet = new SmallFleet(postgres, kafka, folder);
        queue = fleet.queue(Ordering.NONE, Optional.of(Duration.ofDays(1)));
        client = MusterClient.connect(kafka.bootstrapServers(), "/shop");
    }

    @BeforeAll
    void start() throws Exception {
        fleet.coordinator();
        fleet.worker();
    }

    @AfterAll
    void close() {
        client.close();
        fleet.close();
    }

    @Test
    void a_job_is_called_like_a_function() throws Exception {
        Submitted call = client.call(queue, echo("hello", 0), SOON);

        assertThat(get(call.accepted())).isEqualTo(call.id());
        JobOutcome outcome = get(call.outcome());
        assertThat(outcome.id()).isEqualTo(call.id());
        assertThat(outcome.succeeded()).isTrue();
        assertThat(outcome.result()).isEqualTo("hello");
        assertThat(outcome.attempt()).isEqualTo(1);
    }

    @Test
    void a_thousand_calls_at_once_each_get_their_own_answer() throws Exception {
        List<Submitted> calls = IntStream.range(0, 1_000)
                .mapToObj(i -> client.call(queue, echo("n" + i, 0), SOON))
                .toList();

        for (int i = 0; i < calls.size(); i++) {
            assertThat(get(calls.get(i).outcome()).result()).isEqualTo("n" + i);
        }
    }

    @Test
    void a_dead_job_says_why() throws Exception {
        JobOutcome outcome =
                get(client.call(queue, echo("never", 9).maxAttempts(1), SOON).outcome());

        assertThat(outcome.state()).isEqualTo(JobState.DEAD);
        assertThat(outcome.reason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("failure 1"));
        assertThat(outcome.detail())
                .hasValueSatisfying(detail -> assertThat(detail).contains("IllegalStateException"));
    }

    /** The event was told before anybody here listened, and no other one will come. */
    @Test
    void who_asks_late_learns_the_outcome_of_a_job_that_has_ended() throws Exception {
        NewJob job = echo("once", 0).id("late-1");
        JobId id = client.submit(queue, job).get(60, TimeUnit.SECONDS);
        get(client.outcome(id, SOON));

        try (MusterClient other = another(10)) {
            assertThat(get(other.outcome(id, SOON)).result()).isEqualTo("once");
            // Submitted again it is the same job, which does not end again.
            assertThat(get(other.call(queue, job, SOON).outcome()).result()).isEqualTo("once");
        }
        assertThat(fleet.rows("SELECT state FROM job_history WHERE job_id = '" + id + "'"))
                .containsExactly("succeeded");
    }

    @Test
    void a_batch_is_accepted_as_a_whole_and_in_order() throws Exception {
        List<NewJob> jobs = IntStream.range(0, 500)
                .mapToObj(i -> echo("b" + i, 0).id("batch-" + i))
                .toList();

        List<JobId> ids = get(client.submitAll(queue, jobs));

        assertThat(ids).hasSize(500).doesNotHaveDuplicates();
        assertThat(ids.getFirst()).isEqualTo(JobId.of("/shop", "batch-0"));
        assertThat(get(client.outcome(ids.getLast(), SOON)).result()).isEqualTo("b499");
    }

    @Test
    void terms_reach_the_job() throws Exception {
        Instant begin = Instant.now();
        JobOutcome late = get(client.call(queue, echo("later", 0).delay(Duration.ofSeconds(2)), SOON)
                .outcome());
        assertThat(late.settledAt()).isAfter(begin.plusSeconds(1));

        // Waits of a handler by default are up to a second at first; these are of the job itself, and hardly any.
        JobOutcome tried =
                get(client.call(queue, echo("at last", 5).backoff(Duration.ofMillis(1), Duration.ofMillis(2)), SOON)
                        .outcome());
        assertThat(tried.attempt()).isEqualTo(6);

        JobOutcome expired = get(client.call(
                        queue,
                        echo("too late", 0)
                                .runAt(Instant.now().plusSeconds(3))
                                .deadline(Instant.now().plusSeconds(1)),
                        SOON)
                .outcome());
        assertThat(expired.state()).isEqualTo(JobState.EXPIRED);
    }

    @Test
    void waiting_has_an_end_and_a_bound() {
        NewJob tomorrow = echo("tomorrow", 0).delay(Duration.ofDays(1));
        CompletableFuture<JobOutcome> never =
                client.call(queue, tomorrow, Duration.ofMillis(300)).outcome();
        assertThatThrownBy(() -> never.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TimeoutException.class);

        CompletableFuture<JobOutcome> left;
        try (MusterClient small = another(2)) {
            left = small.call(queue, tomorrow, SOON).outcome();
            CompletableFuture<JobOutcome> cancelled =
                    small.call(queue, tomorrow, SOON).outcome();
            assertThatThrownBy(() -> small.call(queue, tomorrow, SOON)).isInstanceOf(IllegalStateException.class);
            cancelled.cancel(false);
            assertThat(small.call(queue, tomorrow, SOON).id()).isNotNull();
        }
        assertThat(left).isCompletedExceptionally();
    }

    @Test
    void what_can_be_no_job_is_refused_before_it_is_sent() {
        assertThatThrownBy(() -> client.submit("no-such-queue", echo("x", 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no-such-queue");
        assertThatThrownBy(() -> client.submit(queue, NewJob.of("no type!", 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> client.submit(queue, NewJob.of("test.echo", "x".repeat(300_000))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bytes");
        assertThatThrownBy(() -> client.submit(queue, NewJob.of("test.echo", new byte[] {'{'})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("JSON");
    }

    private MusterClient another(int maxWaiting) {
        return MusterClient.open(
                fleet.settings().with(Setting.RECORD_MAX_BYTES, "1000"),
                new MusterClient.Options("another", "/shop", maxWaiting, Duration.ofHours(1)));
    }

    private static NewJob echo(String text, int failures) {
        return NewJob.of("test.echo", new EchoHandler.Text(text, failures));
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }
}
