package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.store.FleetStore.FenceVerdict;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.QuarantineStore.HeldVerdict;
import dev.muster.store.QuarantineStore.Suspect;
import dev.muster.store.Suspicion.InFlight;
import dev.muster.store.Suspicion.Judged;
import dev.muster.store.Suspicion.Judgement;
import dev.muster.store.Suspicion.Standing;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Suspects in Postgres: judged with the fence, parked, lent, buried, held; and what happens when somebody dies between. */
@ExtendWith(EmbeddedServers.class)
final class SuspectIT {
    private final OwnershipFixture db;
    private final QuarantineStore suspects;
    private String queue = "";
    private PartitionEpoch partition = new PartitionEpoch("none", 0, 1);
    private long epoch;

    SuspectIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.suspects = new QuarantineStore(db.database());
    }

    @BeforeEach
    void lead() {
        queue = db.queue(Ordering.KEY, Optional.empty());
        epoch = db.count("SELECT lead('coordinator', 'test-" + queue + "', interval '1 hour')");
    }

    @AfterEach
    void close() {
        db.execute("UPDATE leader_lease SET expires_at = now() - interval '1 second'"); // for the next test's leader
        db.execute("DELETE FROM suspect"); // all tests have the same database
        db.close();
    }

    @Test
    void who_was_in_flight_in_one_death_runs_on_elsewhere_like_any_other() {
        Actor first = owner(1);
        first.claims(partition, 0, job(0, queue + "a"));

        dies(first, Standing.NOTED, 0);
        Actor second = owner(2);

        assertThat(second.store().adopt(List.of(partition))).hasSize(1);
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
        second.store().adopt(List.of(partition));

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
        second.store().adopt(List.of(partition));
        db.fence(second);
        Actor third = owner(3);
        third.store().adopt(List.of(partition));

        assertThat(suspects.inFlight(third.me()))
                .singleElement()
                .satisfies(job -> assertThat(job.before()).contains(new Suspicion(Standing.NOTED, 1, 0, 0)));
    }

    @Test
    void a_suspect_waits_in_its_place_and_starts_under_whom_it_is_lent_to() {
        suspectWithFollower();
        Actor heir = owner(2);

        assertThat(heir.store().adopt(List.of(partition))).isEmpty();
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
            assertThat(lent.budget().failures()).isZero();
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

        assertThat(heir.store().adopt(List.of(partition))).isEmpty();
        assertThat(quarantine.succeeds(id(queue + "a"), 2)).containsExactly(new Settled.Done(id(queue + "a")));
    }

    @Test
    void the_quarantine_worker_dies_of_something_else_and_the_suspect_waits_for_the_next() {
        suspectWithFollower();
        Actor owner = owner(2);
        Actor quarantine = lend(owner);

        db.fence(quarantine);

        assertThat(owner.store().adopt(List.of(partition))).isEmpty();
        assertThat(state("a")).isEqualTo("parked");
        assertThat(suspects.suspects()).singleElement().satisfies(suspect -> {
            assertThat(suspect.loan()).isEmpty();
            assertThat(suspect.running()).isFalse();
        });
        Actor next = db.worker();
        suspects.lend(List.of(id(queue + "a")), next.me(), epoch);
        makeDue();
        owner.store().startDue(List.of(partition), 10);
        assertThat(next.store().census()).extracting(RunningJob::attempt).containsExactly(3);
    }

    @Test
    void lender_and_quarantine_worker_die_together_and_the_suspect_is_a_suspect_still() {
        suspectWithFollower();
        Actor lender = owner(2);
        Actor quarantine = lend(lender);
        db.fence(quarantine);
        db.fence(lender);

        Actor heir = owner(3);

        assertThat(heir.store().adopt(List.of(partition))).isEmpty();
        assertThat(suspects.suspects()).extracting(Suspect::running).containsExactly(false);
    }

    @Test
    void a_row_that_was_lent_to_the_dead_is_not_run_by_its_owner() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition));
        Actor quarantine = db.worker();
        suspects.lend(List.of(id(queue + "a")), quarantine.me(), epoch);
        db.fence(quarantine);
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        assertThat(state("a")).isEqualTo("parked");
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

        assertThat(owner.store().adopt(List.of(partition))).isEmpty();
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
        owner.store().adopt(List.of(partition));

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
        owner.store().adopt(List.of(partition));
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

    @Test
    void without_a_coordinator_a_key_waits_for_a_minute_and_not_for_ever() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition));
        db.execute("UPDATE leader_lease SET expires_at = now() - interval '1 second'");

        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        db.execute("UPDATE suspect SET since = now() - suspect_patience() - interval '1 second'");
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "a"));
    }

    @Test
    void a_leader_that_can_start_no_quarantine_worker_lets_them_run_and_a_deposed_one_says_nothing() {
        suspectWithFollower();
        Actor owner = owner(2);
        owner.store().adopt(List.of(partition));

        suspects.release(List.of(id(queue + "a")), epoch - 1);
        makeDue();
        assertThat(owner.store().startDue(List.of(partition), 10)).isEmpty();
        suspects.release(List.of(id(queue + "a")), epoch);
        makeDue();

        assertThat(owner.store().startDue(List.of(partition), 10)).hasSize(1);
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

    /** Its first job was in flight in a worker's death and is a suspect; its second waits behind it. */
    private void suspectWithFollower() {
        Actor first = owner(1);
        first.claims(partition, 0, keyed(0, queue + "a", "k"), keyed(1, queue + "b", "k"));
        dies(first, Standing.SUSPECTED, 0);
    }

    private Actor lend(Actor owner) {
        owner.store().adopt(List.of(partition));
        Actor quarantine = db.worker();
        suspects.lend(List.of(id(queue + "a")), quarantine.me(), epoch);
        makeDue();
        owner.store().startDue(List.of(partition), 10);
        assertThat(quarantine.store().census()).hasSize(1);
        return quarantine;
    }

    private Actor owner(int groupEpoch) {
        Actor owner = db.worker();
        partition = new PartitionEpoch(queue, 0, groupEpoch);
        owner.takes(partition);
        return owner;
    }

    private void dies(Actor worker, Standing standing, int weight) {
        assertThat(suspects.fence(worker.me(), "exited", "test", epoch, judgement(worker.me(), standing, weight)))
                .isEqualTo(FenceVerdict.FENCED);
    }

    private Judgement judgement(Incarnation dead, Standing standing, int weight) {
        return new Judgement(
                "default",
                "exit code 77",
                suspects.inFlight(dead).stream()
                        .map(job -> judged(job, standing, weight))
                        .toList());
    }

    private static Judged judged(InFlight job, Standing standing, int weight) {
        int deaths = job.before().map(Suspicion::deaths).orElse(standing == Standing.NOTED ? 0 : 1) + 1;
        return new Judged(
                job.id(),
                job.attempt(),
                new Suspicion(standing, deaths, weight, 0),
                standing == Standing.CONVICTED ? Optional.of("it has done it") : Optional.empty());
    }

    private void makeDue() {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND isfinite(due_at)");
    }

    private String state(String name) {
        return find(name).state().wireName();
    }

    private JobView find(String name) {
        JobId job = id(queue + name);
        return new JobReader(db.database()).find(job).orElseThrow();
    }
}
