package dev.muster.store;

import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.Claim.Verdict.WAITING;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** How the jobs of a key follow each other, against a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KeyOrderIT {
    private final OwnershipFixture db;

    KeyOrderIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void in_a_keyed_queue_the_end_of_one_job_starts_the_next_in_the_same_statement() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        assertThat(a.claims(
                        p,
                        0,
                        keyed(0, queue + "-1", "K"),
                        keyed(1, queue + "-2", "K"),
                        keyed(2, queue + "-3", "K"),
                        keyed(3, queue + "-4", "L")))
                .containsExactly(STARTED, WAITING, WAITING, STARTED);

        assertThat(a.succeeds(id(queue + "-1"), 1, p))
                .last()
                .isInstanceOfSatisfying(
                        Settled.Started.class, s -> assertThat(s.job().id()).isEqualTo(id(queue + "-2")));
        assertThat(a.store().startDue(List.of(p), 10)).as("the third waits").isEmpty();
        assertThat(a.succeeds(id(queue + "-2"), 1, p))
                .last()
                .isInstanceOfSatisfying(
                        Settled.Started.class, s -> assertThat(s.job().id()).isEqualTo(id(queue + "-3")));
    }

    @Test
    void in_a_keyed_queue_a_retrying_job_keeps_its_place() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, keyed(0, queue + "-1", "K"), keyed(1, queue + "-2", "K"));

        a.ends(id(queue + "-1"), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of(), p);
        List<RunningJob> due = a.store().startDue(List.of(p), 10);

        assertThat(due).singleElement().satisfies(job -> {
            assertThat(job.id()).isEqualTo(id(queue + "-1"));
            assertThat(job.attempt()).isEqualTo(2);
            assertThat(job.budget().failures()).isEqualTo(1);
        });
    }

    @Test
    void in_a_keyed_queue_a_job_that_ends_after_its_partition_moved_lets_the_new_owner_go_on_soon() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, keyed(0, queue + "-1", "K"), keyed(1, queue + "-2", "K"));
        b.takes(ofB);
        assertThat(b.store().startDue(List.of(ofB), 10))
                .as("its key is busy elsewhere")
                .isEmpty();

        assertThat(a.succeeds(id(queue + "-1"), 1, ofA)).containsExactly(new Settled.Done(id(queue + "-1")));

        assertThat(b.nextDue(ofB)).contains(Duration.ZERO);
        assertThat(b.store().startDue(List.of(ofB), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-2"));
    }

    @Test
    void the_next_job_of_a_key_waits_while_its_queue_is_paused() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, keyed(0, queue + "-1", "K"), keyed(1, queue + "-2", "K"));
        db.execute("UPDATE queue SET paused = true WHERE name = '" + queue + "'");

        a.succeeds(id(queue + "-1"), 1);
        assertThat(a.store().census()).isEmpty();
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();

        db.execute("UPDATE queue SET paused = false WHERE name = '" + queue + "'");
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "'");
        assertThat(a.store().startDue(List.of(p), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-2"));
    }

    @Test
    void a_job_whose_circuit_is_open_waits_from_the_beginning_and_keeps_its_place_in_its_key() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        List<Claim.Entry> entries =
                List.of(keyed(0, queue + "-1", "k"), keyed(1, queue + "-2", "k"), job(2, queue + "-3"));
        assertThat(a.store().claim(new Claim(List.of(new Claim.Span(p, 0, 3)), entries), List.of("test"), Map.of()))
                .extracting(Claim.Answer::verdict)
                .containsExactly(WAITING, WAITING, WAITING);
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();

        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND due_at < 'infinity'");

        List<RunningJob> started = a.store().startDue(List.of(p), 10);
        assertThat(started).extracting(RunningJob::id).containsExactlyInAnyOrder(id(queue + "-1"), id(queue + "-3"));
        assertThat(started).allSatisfy(job -> assertThat(job.attempt()).isEqualTo(1));
        assertThat(a.succeeds(id(queue + "-1"), 1, p)).anyMatch(Settled.Started.class::isInstance);
    }
}
