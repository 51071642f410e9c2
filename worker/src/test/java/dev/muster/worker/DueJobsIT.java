package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.protocol.ScheduledSubmission;
import dev.muster.schedule.Firings;
import dev.muster.schedule.Missed;
import dev.muster.schedule.Schedule;
import dev.muster.schedule.Timing;
import dev.muster.store.JobView;
import dev.muster.store.LeaseStore;
import dev.muster.store.ScheduleStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs that start at a time: those of schedules, those submitted for later, and very many at once. */
@ExtendWith(EmbeddedServers.class)
final class DueJobsIT {
    private static final String AT_ONCE = "{\"millis\":0,\"later\":0}";
    private static final int CROWD = 25_000;
    /** So many bytes of payload for each that they would not fit into the worker's heap of 192 MB together. */
    private static final int PADDING = 12_000;

    private WorkerStack stack;

    @BeforeEach
    void start(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        stack = new WorkerStack(postgres, kafka, sandbox, Map.of("muster.worker.slots", "256"));
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    @Test
    void a_firing_runs_like_a_job_that_was_submitted() {
        String plain = stack.queue(Ordering.NONE, 4);
        String keyed = stack.queue(Ordering.KEY, 4);
        JobId first = stack.submit(keyed, "test.pause", "cus_7", AT_ONCE);
        List<JobId> ofPlain = fire("plain", plain, Optional.empty());
        List<JobId> ofKeyed = fire("keyed", keyed, Optional.of("cus_7"));
        stack.worker();

        stack.awaitFinal(List.of(first));
        stack.awaitFinal(ofPlain);
        stack.awaitFinal(ofKeyed);

        stack.assertSucceededOnce(ofPlain);
        stack.assertSucceededOnce(ofKeyed);
        assertThat(stack.find(ofKeyed.getFirst()).map(job -> job.position().partition()))
                .as("a key is in one partition, however its jobs come")
                .isEqualTo(stack.find(first).map(job -> job.position().partition()));
        assertThat(stack.find(ofPlain.getFirst()).flatMap(job -> job.outcome().result()))
                .contains("waited 0");
    }

    @Test
    void a_job_starts_at_its_time_and_not_before() {
        String queue = stack.queue(Ordering.NONE, 1);
        Instant at = Instant.now().plus(10, ChronoUnit.SECONDS);
        JobId later = stack.submit(queue, "test.pause", "k", AT_ONCE, Map.of("musterrunat", at.toString()));
        stack.worker();

        stack.awaitFinal(List.of(later));

        JobView job = stack.find(later).orElseThrow();
        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.times().started().orElseThrow())
                .isBetween(at, at.plus(1, ChronoUnit.MINUTES)); // a machine that others share
    }

    @Test
    void what_waits_past_its_deadline_expires_there_and_then() {
        String queue = stack.queue(Ordering.NONE, 1);
        String paused = stack.queue(Ordering.NONE, 1);
        Incarnation _ = stack.awaitOwner(stack.worker(), paused, 1);
        Instant deadline = Instant.now().plus(6, ChronoUnit.SECONDS);
        JobId early = stack.submit(
                queue,
                "test.pause",
                "k",
                AT_ONCE,
                Map.of(
                        "musterrunat", deadline.plus(1, ChronoUnit.HOURS).toString(),
                        "musterdeadline", deadline.toString()));
        JobId held = stack.submit(
                paused,
                "test.pause",
                "k",
                AT_ONCE,
                Map.of(
                        "musterrunat", deadline.plus(1, ChronoUnit.HOURS).toString(),
                        "musterdeadline", deadline.toString()));
        await().atMost(WorkerStack.PATIENCE).until(() -> stack.find(held).isPresent());
        stack.execute("UPDATE queue SET paused = true WHERE name = '" + paused + "'");

        stack.awaitFinal(List.of(early, held));

        for (JobId id : List.of(early, held)) {
            JobView job = stack.find(id).orElseThrow();
            assertThat(job.state()).isEqualTo(JobState.EXPIRED);
            assertThat(job.times().settled().orElseThrow()).isAfterOrEqualTo(deadline);
        }
    }

    @Test
    void very_many_jobs_of_the_same_minute_start_within_a_bounded_heap() {
        String queue = stack.queue(Ordering.NONE, 8);
        stack.execute(
                "INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type, submitted_at, "
                        + "payload) SELECT gen_random_uuid(), '" + queue
                        + "', i % 8, -1, 'scheduled', date_trunc('minute', now()), "
                        + "'test.pause', now(), convert_to('{\"millis\":0,\"later\":0,\"pad\":\"' || repeat('x', "
                        + PADDING
                        + ") || '\"}', 'UTF8') FROM generate_series(1, " + CROWD + ") i");
        Instant begin = Instant.now();
        Incarnation me = stack.awaitOwner(stack.worker(), queue, 8);
        AtomicLong most = new AtomicLong();

        await().atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    most.accumulateAndGet(
                            stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'"), Math::max);
                    return stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "'") == CROWD;
                });

        assertThat(stack.count(
                        "SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND state <> 'succeeded'"))
                .isZero();
        assertThat(most.get()).as("running at once").isLessThanOrEqualTo(256);
        System.out.printf(
                "%d due jobs in %d ms, at most %d running at once; heap now %s%n",
                CROWD, Duration.between(begin, Instant.now()).toMillis(), most.get(), heap(me));
    }

    private String heap(Incarnation me) {
        double bytes = stack.metrics(me)
                .lines()
                .filter(line -> line.startsWith("jvm_memory_used_bytes") && line.contains("area=\"heap\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
        return Math.round(bytes / 1e6) + " MB";
    }

    /** Has a schedule fire, as the leader does. */
    private List<JobId> fire(String name, String queue, Optional<String> key) {
        ScheduleStore store = new ScheduleStore(stack.database());
        Schedule.Template job = new Schedule.Template(
                queue, "test.pause", key, AT_ONCE.getBytes(StandardCharsets.UTF_8), Schedule.Terms.NONE);
        Instant due = store.now().minus(Firings.MISSED_AFTER);
        assertThat(store.create(name, new Timing("* * * * *", "UTC", Missed.ONCE), job, due))
                .isTrue();
        List<ScheduleStore.Fire> wishes = store.due(10).stream()
                .filter(d -> d.schedule().name().equals(name))
                .map(d -> new ScheduleStore.Fire(d, Firings.of(d.schedule().timing(), due, d.now())))
                .toList();
        LeaseStore leases = new LeaseStore(stack.database());
        long epoch = leases.lead("test", Duration.ofMinutes(1)).orElseThrow();
        List<ScheduleStore.Fire> fired = store.fire(epoch, wishes);
        leases.resign("test", epoch);
        return fired.stream()
                .flatMap(one -> one.firings().times().stream()
                        .map(time -> ScheduledSubmission.at(one.due().schedule(), time)
                                .jobId()))
                .toList();
    }
}
