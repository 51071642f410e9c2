package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What waits and may not start any more, whatever it waits for. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DeadlineIT {
    private final OwnershipFixture db;

    DeadlineIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_job_that_waits_for_its_next_attempt_expires_at_its_deadline() {
        Actor a = db.worker();
        PartitionEpoch p = owned(a, Ordering.NONE);
        JobId waits = retrying(a, p, 0);
        assertThat(a.nextDue(p)).hasValueSatisfying(due -> assertThat(due).isGreaterThan(Duration.ofMinutes(50)));

        deadline(waits, "10 minutes");
        assertThat(a.nextDue(p))
                .hasValueSatisfying(due -> assertThat(due).isBetween(Duration.ofMinutes(9), Duration.ofMinutes(10)));
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
        assertThat(state(waits)).isEqualTo(JobState.RETRYING);

        deadline(waits, "-1 seconds");
        assertThat(a.nextDue(p)).contains(Duration.ZERO);
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
        assertThat(state(waits)).isEqualTo(JobState.EXPIRED);
        assertThat(new JobReader(db.database())
                        .find(waits)
                        .orElseThrow()
                        .outcome()
                        .reason())
                .hasValueSatisfying(reason -> assertThat(reason).startsWith("its deadline was 20"));
        assertThat(a.nextDue(p)).isEmpty();
    }

    @Test
    void a_paused_queue_does_not_keep_a_job_from_expiring() {
        Actor a = db.worker();
        PartitionEpoch p = owned(a, Ordering.NONE);
        JobId waits = retrying(a, p, 0);
        new QueueStore(db.database()).pause(p.queue(), true);
        assertThat(a.nextDue(p)).isEmpty();

        deadline(waits, "-1 seconds");

        assertThat(a.nextDue(p)).contains(Duration.ZERO);
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
        assertThat(state(waits)).isEqualTo(JobState.EXPIRED);
    }

    @Test
    void a_job_whose_call_was_never_answered_loses_its_deadline_instead() {
        Actor a = db.worker();
        PartitionEpoch p = owned(a, Ordering.NONE);
        String name = p.queue() + "-0";
        a.claims(p, 0, job(0, name));
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(name), 1, "charge")));
        a.ends(id(name), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());

        deadline(id(name), "-1 seconds");

        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
        assertThat(state(id(name))).isEqualTo(JobState.RETRYING);
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE deadline IS NULL AND job_id = '" + id(name) + "'"))
                .isEqualTo(1);
        assertThat(a.nextDue(p)).as("it is not looked at again for that").isNotEqualTo(Optional.of(Duration.ZERO));
    }

    @Test
    void the_next_of_a_key_starts_when_its_first_has_expired() {
        Actor a = db.worker();
        PartitionEpoch p = owned(a, Ordering.KEY);
        String first = p.queue() + "-0";
        String second = p.queue() + "-1";
        String third = p.queue() + "-2";
        a.claims(p, 0, keyed(0, first, "k"), keyed(1, second, "k"), keyed(2, third, "k"));
        a.ends(id(first), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of(), p);
        db.execute("UPDATE job_waiting SET due_at = 'infinity' WHERE job_id = '" + id(second) + "'");

        deadline(id(first), "-1 seconds");

        assertThat(a.store().startDue(List.of(p), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(second));
        assertThat(state(id(first))).isEqualTo(JobState.EXPIRED);
        assertThat(a.succeeds(id(second), 1, p)).hasSize(2);
    }

    @Test
    void who_does_not_own_the_partition_expires_nothing() {
        Actor a = db.worker();
        PartitionEpoch p = owned(a, Ordering.NONE);
        JobId waits = retrying(a, p, 0);
        Actor b = db.worker();
        b.takes(new PartitionEpoch(p.queue(), p.partition(), p.epoch() + 1));

        deadline(waits, "-1 seconds");

        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
        assertThat(state(waits)).isEqualTo(JobState.RETRYING);
    }

    private PartitionEpoch owned(Actor actor, Ordering ordering) {
        PartitionEpoch partition = new PartitionEpoch(db.queue(ordering, Optional.empty()), 0, 5);
        actor.takes(partition);
        return partition;
    }

    /** A job that failed and is to run again in an hour. */
    private static JobId retrying(Actor actor, PartitionEpoch partition, long offset) {
        String name = partition.queue() + "-" + offset;
        actor.claims(partition, offset, job(offset, name));
        actor.ends(id(name), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());
        return id(name);
    }

    private void deadline(JobId job, String in) {
        db.execute("UPDATE job_waiting SET deadline = now() + interval '" + in + "' WHERE job_id = '" + job + "'");
    }

    private JobState state(JobId job) {
        return new JobReader(db.database()).find(job).orElseThrow().state();
    }
}
