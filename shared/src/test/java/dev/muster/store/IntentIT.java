package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Calls to the outside: what is stored before them, and what an answer or its absence means. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class IntentIT {
    private final OwnershipFixture db;

    IntentIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_job_with_an_unanswered_call_is_never_closed_by_anything_but_success() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue));
        OwnershipStore.Intent intent = a.store()
                .intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, "charge")))
                .getFirst();
        assertThat(intent.idempotencyKey()).isEqualTo("muster:" + id(queue) + ":charge:1");
        assertThat(intent.unansweredSince()).isEmpty();

        assertThat(a.ends(id(queue), 1, Outcome.Verdict.DEAD, Duration.ZERO, List.of()))
                .containsExactly(new Settled.Unsure(id(queue)));
        assertThat(a.store().startDue(List.of(p), 1))
                .as("not at once, in a tight loop")
                .isEmpty();
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "'");
        RunningJob again = a.store().startDue(List.of(p), 1).getFirst();
        assertThat(a.store()
                        .intend(List.of(new OwnershipStore.IntentRequest(id(queue), again.attempt(), "charge")))
                        .getFirst())
                .satisfies(same -> {
                    assertThat(same.idempotencyKey()).isEqualTo(intent.idempotencyKey());
                    assertThat(same.unansweredSince()).isPresent();
                });

        assertThat(a.ends(id(queue), again.attempt(), Outcome.Verdict.DECLINED, Duration.ZERO, List.of("charge")))
                .containsExactly(new Settled.Done(id(queue)));
    }

    /** The provider said "later", which is an answer; then a second call was made and never answered. */
    @Test
    void an_answer_to_an_earlier_call_does_not_close_a_job_whose_later_call_is_open() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue));
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, "charge")));
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of("charge"));
        RunningJob again = a.store().startDue(List.of(p), 1).getFirst();
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), again.attempt(), "charge")));

        assertThat(a.ends(id(queue), again.attempt(), Outcome.Verdict.DEAD, Duration.ZERO, List.of()))
                .containsExactly(new Settled.Unsure(id(queue)));
    }

    @Test
    void a_job_whose_call_is_open_loses_its_deadline_so_that_the_call_is_repeated() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue));
        db.execute("UPDATE job_running SET deadline = now() WHERE queue = '" + queue + "'");
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, "charge")));

        assertThat(a.ends(id(queue), 1, Outcome.Verdict.EXPIRED, Duration.ZERO, List.of()))
                .containsExactly(new Settled.Unsure(id(queue)));

        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "'");
        assertThat(a.store().startDue(List.of(p), 1))
                .singleElement()
                .satisfies(job -> assertThat(job.times().deadline()).isEmpty());
    }

    @Test
    void an_intent_of_a_job_that_is_lost_is_not_stored() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, job(0, queue));
        db.fence(a);
        b.takes(ofB);
        b.store().adopt(List.of(ofB), List.of());

        assertThat(a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, "charge"))))
                .isEmpty();
    }

    @Test
    void H14_a_zombies_answer_does_not_close_the_call_of_whoever_adopted_its_job() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor zombie = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofZombie = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        zombie.takes(ofZombie);
        zombie.claims(ofZombie, 0, job(0, queue));
        intend(zombie, queue, 1);
        db.fence(zombie);
        b.takes(ofB);
        RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();
        intend(b, queue, adopted.attempt());

        assertThat(zombie.ends(id(queue), 1, Outcome.Verdict.SUCCEEDED, Duration.ZERO, List.of("charge")))
                .containsExactly(new Settled.Rejected(id(queue)));

        assertThat(b.ends(id(queue), adopted.attempt(), Outcome.Verdict.DEAD, Duration.ZERO, List.of()))
                .as("its own call is still without an answer")
                .containsExactly(new Settled.Unsure(id(queue)));
    }

    @Test
    void a_call_that_was_answered_is_not_unanswered_when_it_is_made_again() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue));
        assertThat(intend(a, queue, 1).unansweredSince()).isEmpty();
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of("charge"));
        RunningJob second = a.store().startDue(List.of(p), 1).getFirst();

        assertThat(intend(a, queue, second.attempt()).unansweredSince()).isEmpty();
        a.ends(id(queue), second.attempt(), Outcome.Verdict.RETRIED, Duration.ZERO, List.of());
        RunningJob third = a.store().startDue(List.of(p), 1).getFirst();

        assertThat(intend(a, queue, third.attempt()).unansweredSince()).isPresent();
    }

    private static OwnershipStore.Intent intend(Actor worker, String queue, int attempt) {
        return worker.store()
                .intend(List.of(new OwnershipStore.IntentRequest(id(queue), attempt, "charge")))
                .getFirst();
    }
}
