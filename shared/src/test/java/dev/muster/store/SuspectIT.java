package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.store.FleetStore.FenceVerdict;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.QuarantineStore.Suspect;
import dev.muster.store.Suspicion.Standing;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Suspects in Postgres: judged with the fence, parked, lent; and what happens when somebody dies between. */
@ExtendWith(EmbeddedServers.class)
final class SuspectIT extends SuspectScene {
    SuspectIT(PostgresDatabase postgres) {
        super(postgres);
    }

    @Test
    void who_was_in_flight_in_one_death_runs_on_elsewhere_like_any_other() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));

        dies(first, Standing.NOTED, 0);
        Actor second = owner(2);

        assertThat(second.store().adopt(List.of(partition), List.of())).hasSize(1);
        assertThat(suspects.suspects()).isEmpty();
        assertThat(suspects.inFlight(second.me())).singleElement().satisfies(job -> {
            assertThat(job.before()).contains(new Suspicion(Standing.NOTED, 1, 0, 0));
            assertThat(job.lentTo()).isEmpty();
        });
    }

    @Test
    void a_run_that_ended_otherwise_breaks_the_chain_and_is_forgotten() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));
        dies(first, Standing.NOTED, 0);
        Actor second = owner(2);
        second.store().adopt(List.of(partition), List.of());

        second.ends(id(queue + "a"), 2, Outcome.Verdict.RETRIED, Duration.ZERO, List.of());
        assertThat(second.store().startDue(List.of(partition), 10)).hasSize(1);

        assertThat(suspects.inFlight(second.me()))
                .singleElement()
                .satisfies(job -> assertThat(job.before()).isEmpty());
        assertThat(suspects.sweep(epoch)).isPositive();
        assertThat(suspects.any()).isFalse();
    }

    /** Told to stop, killed for its silence: neither one more death, nor survived. */
    @Test
    void a_death_that_counts_for_nobody_keeps_what_was_said() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));
        dies(first, Standing.NOTED, 0);
        Actor second = owner(2);
        second.store().adopt(List.of(partition), List.of());
        db.fence(second);
        Actor third = owner(3);
        third.store().adopt(List.of(partition), List.of());

        assertThat(suspects.inFlight(third.me()))
                .singleElement()
                .satisfies(job -> assertThat(job.before()).contains(new Suspicion(Standing.NOTED, 1, 0, 0)));
    }

    @Test
    void a_suspect_waits_in_its_place_and_starts_under_whom_it_is_lent_to() {
        suspectWithFollower();
        Actor heir = owner(2);

        assertThat(heir.store().adopt(List.of(partition), List.of())).isEmpty();
        assertThat(heir.store().startDue(List.of(partition), 10))
                .as("nobody to lend it to")
                .isEmpty();
        assertThat(state("a")).isEqualTo("parked");
        Actor quarantine = db.worker();
        suspects.lend(List.of(id(queue + "a")), quarantine.me(), epoch);
        makeDue();

        assertThat(heir.store().startDue(List.of(partition), 10))
                .as("it is not the owner's run")
                .isEmpty();
        assertThat(quarantine.store().census()).singleElement().satisfies(lent -> {
            assertThat(lent.id()).isEqualTo(id(queue + "a"));
            assertThat(lent.attempt()).isEqualTo(2);
            assertThat(quarantine.store().enter(lent))
                    .hasValueSatisfying(
                            entered -> assertThat(entered.budget().failures()).isZero());
            assertThat(quarantine.store().enter(lent)).as("a second time").isEmpty();
        });
        assertThat(suspects.suspects())
                .singleElement()
                .satisfies(s -> assertThat(s.running()).isTrue());

        quarantine.succeeds(id(queue + "a"), 2);
        makeDue();
        assertThat(heir.store().startDue(List.of(partition), 10))
                .as("then its follower")
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "b"));
        suspects.sweep(epoch);
        assertThat(suspects.any()).as("who survives is clear").isFalse();
    }

    @Test
    void the_lender_dies_and_the_loan_stands() {
        suspectWithFollower();
        Actor lender = owner(2);
        Actor quarantine = lend(lender);
        db.fence(lender);

        Actor heir = owner(3);

        assertThat(heir.store().adopt(List.of(partition), List.of())).isEmpty();
        assertThat(quarantine.succeeds(id(queue + "a"), 2)).containsExactly(new Settled.Done(id(queue + "a")));
    }

    @Test
    void the_quarantine_worker_dies_of_something_else_and_the_suspect_waits_for_the_next() {
        suspectWithFollower();
        Actor owner = owner(2);
        Actor quarantine = lend(owner);

        db.fence(quarantine);

        assertThat(owner.store().adopt(List.of(partition), List.of())).isEmpty();
        assertThat(state("a")).isEqualTo("parked");
        assertThat(suspects.suspects()).singleElement().satisfies(suspect -> {
            assertThat(suspect.loan()).isEmpty();
            assertThat(suspect.running()).isFalse();
        });
        Actor next = db.worker();
        suspects.lend(List.of(id(queue + "a")), next.me(), epoch);
        makeDue();
        owner.store().startDue(List.of(partition), 10);
        assertThat(next.store().census()).extracting(RunKey::attempt).containsExactly(3);
    }

    @Test
    void lender_and_quarantine_worker_die_together_and_the_suspect_is_a_suspect_still() {
        suspectWithFollower();
        Actor lender = owner(2);
        Actor quarantine = lend(lender);
        db.fence(quarantine);
        db.fence(lender);

        Actor heir = owner(3);

        assertThat(heir.store().adopt(List.of(partition), List.of())).isEmpty();
        assertThat(suspects.suspects()).extracting(Suspect::running).containsExactly(false);
    }

    @Test
    void a_row_that_was_lent_to_the_dead_is_not_run_by_its_owner() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition), List.of());
        Actor quarantine = db.worker();
        suspects.lend(List.of(id(queue + "a")), quarantine.me(), epoch);
        db.fence(quarantine);
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        assertThat(state("a")).isEqualTo("parked");
    }

    @Test
    void without_a_coordinator_a_key_waits_for_a_minute_and_not_for_ever() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition), List.of());
        db.execute("UPDATE leader_lease SET expires_at = now() - interval '1 second'");

        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        db.execute("UPDATE suspect SET since = now() - suspect_patience() - interval '1 second'");
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "a"));
        assertThat(db.count("SELECT deaths FROM suspect WHERE job_id = '" + id(queue + "a") + "'"))
                .as("so many that the next death, of whatever kind, makes it a suspect again")
                .isEqualTo(2);
    }

    @Test
    void a_leader_that_can_start_no_quarantine_worker_lets_them_run_and_a_deposed_one_says_nothing() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition), List.of());

        suspects.release(List.of(id(queue + "a")), epoch - 1);
        makeDue();
        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        suspects.release(List.of(id(queue + "a")), epoch);
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10)).hasSize(1);
        assertThat(db.count("SELECT deaths FROM suspect WHERE job_id = '" + id(queue + "a") + "'"))
                .as("so many that the next death, of whatever kind, makes it a suspect again")
                .isEqualTo(2);
    }

    @Test
    void a_deposed_leader_neither_fences_nor_judges() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));

        assertThat(suspects.fence(first.me(), "exited", "test", epoch - 1, judgement(first.me(), Standing.NOTED, 0)))
                .isEqualTo(FenceVerdict.DEPOSED);
        assertThat(suspects.any()).isFalse();
    }

    @Test
    void who_was_fenced_before_is_not_judged() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));
        db.fence(first);

        assertThat(suspects.fence(first.me(), "exited", "test", epoch, judgement(first.me(), Standing.SUSPECTED, 0)))
                .isEqualTo(FenceVerdict.ALREADY);
        assertThat(suspects.any()).isFalse();
    }
}
