package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.AfterDead;
import dev.muster.job.JobState;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.QuarantineStore.HeldVerdict;
import dev.muster.store.Suspicion.Standing;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Convicted of killing its worker: dead, or held for an operator, and what follows in its key. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
final class ConvictedIT extends SuspectScene {
    private static final List<String> HOLDING = List.of("test");

    ConvictedIT(PostgresDatabase postgres) {
        super(postgres);
    }

    @Test
    void the_convicted_is_dead_with_its_reason_keeps_its_failures_and_lets_its_key_go_on() {
        suspectWithFollower();
        Actor owner = owner(2);
        Actor quarantine = lend(owner);
        quarantine.store().entered(List.of(new OwnershipStore.Entered(id(queue + "a"), 2, Instant.now())));
        assertThat(suspects.inFlight(quarantine.me())).singleElement().satisfies(job -> {
            assertThat(job.entered()).isTrue();
            assertThat(job.lentTo()).contains(quarantine.me());
        });

        dies(quarantine, Standing.CONVICTED, 2);

        assertThat(owner.store().adopt(List.of(partition), List.of())).isEmpty();
        JobView dead = find("a");
        assertThat(dead.state()).isEqualTo(JobState.DEAD);
        assertThat(dead.outcome().reason()).contains("killed its worker 3 times, alone in quarantine");
        assertThat(dead.outcome().detail())
                .hasValueSatisfying(detail -> assertThat(detail)
                        .startsWith("exit code 77; in flight when these ended: ")
                        .contains(quarantine.me().id()));
        assertThat(dead.run().failures()).isZero();
        assertThat(db.count("SELECT count(*) FROM incident WHERE kind = 'job_convicted' AND subject = '"
                        + id(queue + "a") + "'"))
                .isEqualTo(1);
        assertThat(db.count("SELECT count(*) FROM dead_letter WHERE job_id = '" + id(queue + "a") + "'"))
                .isEqualTo(1);
        assertThat(owner.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "b"));
        assertThat(suspects.any()).isFalse();
    }

    @Test
    void one_whose_call_has_no_answer_is_held_until_a_human_has_decided() {
        suspectWithFollower();
        Actor owner = owner(2);
        Actor quarantine = lend(owner);
        quarantine.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue + "a"), 2, "charge")));
        quarantine.store().entered(List.of(new OwnershipStore.Entered(id(queue + "a"), 2, Instant.now())));

        dies(quarantine, Standing.CONVICTED, 2);
        owner.store().adopt(List.of(partition), List.of());

        assertThat(state("a")).isEqualTo("unknown");
        assertThat(find("a").outcome().reason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("held for an operator"));
        makeDue();
        assertThat(owner.store().startDue(List.of(partition), 10))
                .as("nor its follower")
                .isEmpty();

        // Once more, alone, under the same key; it does it again.
        assertThat(suspects.decide(id(queue + "a"), "ann", Optional.empty())).isEqualTo(HeldVerdict.RELEASED);
        Actor next = db.worker();
        suspects.lend(List.of(id(queue + "a")), next.me(), epoch);
        owner.store().startDue(List.of(partition), 10);
        assertThat(next.store().census()).hasSize(1);
        assertThat(suspects.decide(id(queue + "a"), "ann", Optional.empty())).isEqualTo(HeldVerdict.NOT_HELD);
        dies(next, Standing.CONVICTED, 2);
        owner.store().adopt(List.of(partition), List.of());
        assertThat(state("a")).isEqualTo("unknown");

        assertThat(suspects.decide(id(queue + "a"), "ann", Optional.of("the provider has no such charge")))
                .isEqualTo(HeldVerdict.BURIED);
        assertThat(find("a").state()).isEqualTo(JobState.DEAD);
        assertThat(find("a").outcome().detail()).contains("decided by ann: the provider has no such charge");
        assertThat(owner.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "b"));
        assertThat(suspects.decide(id(queue + "a"), "ann", Optional.of("again")))
                .isEqualTo(HeldVerdict.NOT_HELD);
    }

    /** The handler of its type holds the key of a dead job. */
    @Test
    void the_convicted_holds_its_key_where_its_type_does() {
        suspectWithFollower();
        Actor owner = owner(2);
        dies(lend(owner), Standing.CONVICTED, 2);

        owner.store().adopt(List.of(partition), HOLDING);

        assertThat(find("a").state()).isEqualTo(JobState.DEAD);
        assertThatItsKeyIsHeld(owner);
    }

    /** Its call had no answer, so it dies when an operator says so, who has no handlers: its word was kept. */
    @Test
    void one_that_an_operator_buries_holds_its_key_where_its_type_does() {
        suspectWithFollower();
        Actor owner = owner(2);
        Actor quarantine = lend(owner);
        quarantine.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue + "a"), 2, "charge")));
        dies(quarantine, Standing.CONVICTED, 2);
        owner.store().adopt(List.of(partition), HOLDING);
        assertThat(state("a")).isEqualTo("unknown");

        assertThat(suspects.decide(id(queue + "a"), "ann", Optional.of("not charged")))
                .isEqualTo(HeldVerdict.BURIED);

        assertThatItsKeyIsHeld(owner);
    }

    @Test
    void an_operators_word_for_the_queue_goes_before_the_types() {
        KeyHoldStore holds = new KeyHoldStore(db.database());
        holds.say(new KeyHoldStore.Policy(queue, "test", AfterDead.GO_ON));
        suspectWithFollower();
        Actor owner = owner(2);
        dies(lend(owner), Standing.CONVICTED, 2);

        owner.store().adopt(List.of(partition), HOLDING);

        assertThat(holds.held(Optional.of(queue), 10)).isEmpty();
        assertThat(owner.store().startDue(List.of(partition), 10)).hasSize(1);
    }

    private void assertThatItsKeyIsHeld(Actor owner) {
        KeyHoldStore holds = new KeyHoldStore(db.database());
        assertThat(holds.held(Optional.of(queue), 10)).singleElement().satisfies(hold -> {
            assertThat(hold.dead()).isEqualTo(id(queue + "a"));
            assertThat(hold.behind()).isEqualTo(1);
        });
        makeDue();
        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        assertThat(holds.release(queue, "k")).isTrue();
        assertThat(owner.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "b"));
    }
}
