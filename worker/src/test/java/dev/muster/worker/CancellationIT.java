package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.protocol.Command;
import dev.muster.protocol.CommandCodec;
import dev.muster.store.Cancellation;
import dev.muster.store.CancellationStore;
import dev.muster.store.JobView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs that are cancelled, wherever they are; jobs that must be the only one; and how far they say they are. */
@ExtendWith(EmbeddedServers.class)
final class CancellationIT {
    private static final String PAUSE = "{\"millis\":1,\"later\":1}";
    private static final Map<String, String> UNIQUE = Map.of("musteruniquekey", "nightly report");

    private WorkerStack stack;
    private String queue;

    @BeforeEach
    void start(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        stack = new WorkerStack(postgres, kafka, sandbox, Map.of("muster.job.cancel-grace", "1s"));
        queue = stack.queue(Ordering.NONE, 2);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    @Test
    void running_jobs_end_as_their_handler_says_or_by_an_interrupt() {
        JobId obeys = stack.submit(queue, "test.obedient", "1", "{\"succeeds\":false}");
        JobId succeeds = stack.submit(queue, "test.obedient", "2", "{\"succeeds\":true}");
        JobId deaf = stack.submit(queue, "test.pause", "3", "{\"millis\":25000,\"later\":25000}");
        JobId untouched = stack.submit(queue, "test.pause", "4", "{\"millis\":3000,\"later\":1}");
        stack.worker();
        List.of(obeys, succeeds, deaf).forEach(id -> await(id, JobState.RUNNING));
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(() -> assertThat(job(obeys).underway().progress())
                        .hasValueSatisfying(said -> {
                            assertThat(said.percent()).isEqualTo(30);
                            assertThat(said.note()).contains("waits to be cancelled");
                        }));

        assertThat(cancel(obeys)).isEqualTo(Cancellation.RUNNING);
        stack.send(CommandCodec.record(new Command.Cancel(obeys)));
        assertThat(cancel(succeeds)).isEqualTo(Cancellation.RUNNING); // nobody tells its worker, which finds it
        assertThat(cancel(deaf)).isEqualTo(Cancellation.RUNNING);
        stack.awaitFinal(List.of(obeys, succeeds, deaf, untouched));

        assertThat(job(obeys)).satisfies(job -> {
            assertThat(job.state()).isEqualTo(JobState.CANCELLED);
            assertThat(job.outcome().reason()).contains("as wished");
            assertThat(job.outcome().detail()).contains("cancelled by alice: wrong amount");
        });
        assertThat(job(succeeds).state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job(deaf)).satisfies(job -> {
            assertThat(job.state()).isEqualTo(JobState.CANCELLED);
            assertThat(job.outcome().reason()).contains("wrong amount");
            assertThat(job.outcome().detail().orElse(""))
                    .startsWith("cancelled by alice")
                    .contains("InterruptedException");
        });
        assertThat(job(untouched).state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(stack.count("SELECT count(*) FROM cancel_wish")).isZero();
    }

    @Test
    void a_wish_outlives_the_worker_that_ran_the_job() {
        ChildProcess victim = stack.worker();
        Incarnation dead = stack.awaitOwner(victim, queue, 2);
        JobId id = stack.submit(queue, "test.obedient", "1", "{\"succeeds\":false}");
        await(id, JobState.RUNNING);
        victim.killHard();

        assertThat(cancel(id)).isEqualTo(Cancellation.RUNNING);
        stack.worker();
        stack.fence(dead);
        stack.evict(dead);
        stack.awaitFinal(List.of(id));

        assertThat(job(id).state()).isEqualTo(JobState.CANCELLED);
        assertThat(job(id).run().recoveries()).isEqualTo(1);
    }

    @Test
    void what_waits_is_cancelled_at_once_what_comes_later_is_not_begun_and_a_unique_key_has_one_job() {
        JobId scheduled = stack.submit(queue, "test.pause", "1", PAUSE, Map.of("musterrunat", "2099-01-01T00:00:00Z"));
        JobId backlog = stack.submit(queue, "test.pause", "2", PAUSE);
        assertThat(cancel(backlog)).as("no worker has seen it").isEqualTo(Cancellation.AHEAD);
        JobId first = stack.submit(queue, "test.obedient", "k", "{\"succeeds\":true}", UNIQUE);
        JobId second = stack.submit(queue, "test.obedient", "k", "{\"succeeds\":true}", UNIQUE);
        stack.worker();
        await(scheduled, JobState.SCHEDULED);
        await(first, JobState.RUNNING);

        assertThat(cancel(scheduled)).isEqualTo(Cancellation.CANCELLED);
        assertThat(job(scheduled).state()).isEqualTo(JobState.CANCELLED);
        stack.awaitFinal(List.of(backlog, second));
        assertThat(job(backlog).outcome().reason()).contains("wrong amount");
        assertThat(job(second)).satisfies(job -> {
            assertThat(job.state()).isEqualTo(JobState.CANCELLED);
            assertThat(job.outcome().reason()).contains("not_unique");
            assertThat(job.outcome().detail().orElse("")).contains(first.toString());
        });

        cancel(first);
        stack.awaitFinal(List.of(first));
        JobId third = stack.submit(queue, "test.pause", "k", PAUSE, UNIQUE);
        stack.awaitFinal(List.of(third));
        assertThat(job(third).state()).isEqualTo(JobState.SUCCEEDED);
    }

    private Cancellation cancel(JobId id) {
        return new CancellationStore(stack.database()).cancel(id, "alice", Optional.of("wrong amount"));
    }

    private JobView job(JobId id) {
        return stack.find(id).orElseThrow();
    }

    private void await(JobId id, JobState state) {
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(() -> assertThat(stack.find(id).map(JobView::state))
                        .as("job %s; workers said:%n%s", id, stack.logs())
                        .contains(state));
    }
}
