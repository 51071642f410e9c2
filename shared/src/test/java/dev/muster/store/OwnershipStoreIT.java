package dev.muster.store;

import static dev.muster.store.Claim.Verdict.DEAD;
import static dev.muster.store.Claim.Verdict.DUPLICATE;
import static dev.muster.store.Claim.Verdict.NOT_OWNER;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.Claim.Verdict.WAITING;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The two guards and what follows from them, against a real Postgres. The interleavings are in docs/protocol.md. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OwnershipStoreIT {
    private static final Optional<Duration> WINDOW = Optional.of(Duration.ofDays(7));

    private final OwnershipFixture db;

    OwnershipStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_claim_starts_jobs_and_moves_the_position_in_one_step() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 5);

        assertThat(a.takes(p).nextOffset()).isZero();
        assertThat(a.claims(p, 0, job(3, queue + "-1"), job(4, queue + "-2"))).containsExactly(STARTED, STARTED);

        assertThat(db.count("SELECT next_offset FROM partition_owner WHERE queue = '" + queue + "'"))
                .isEqualTo(5);
        assertThat(a.store().census())
                .extracting(RunKey::id)
                .containsExactlyInAnyOrder(id(queue + "-1"), id(queue + "-2"));
    }

    @Test
    void H1_a_finished_job_is_not_run_again_by_redelivery_nor_by_resubmission() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, job(7, queue));
        db.fence(a);
        b.takes(ofB);
        List<RunningJob> adopted = b.store().adopt(List.of(ofB), List.of());
        b.succeeds(id(queue), adopted.getFirst().attempt());

        // Redelivered: the position has moved past it, so the claim of offset 7 is refused.
        assertThat(b.claims(ofB, 0, job(7, queue))).containsExactly(NOT_OWNER);
        // Submitted again, in the next record: known, although no row of it is left.
        assertThat(b.claims(ofB, 8, job(8, queue))).containsExactly(DUPLICATE);
        assertThat(db.count("SELECT count(*) FROM job_history WHERE job_id = '" + id(queue) + "'"))
                .isEqualTo(1);
    }

    @Test
    void H2_a_fence_waits_for_no_lock_of_a_frozen_worker_and_adoption_steps_around_it() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor zombie = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofZombie = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        zombie.takes(ofZombie);
        zombie.claims(ofZombie, 0, job(0, queue + "-1"), job(1, queue + "-2"));

        // The worst a worker can leave behind: an open transaction with locks on its incarnation and a job.
        try (Connection frozen = zombie.database().connection();
                Statement statement = frozen.createStatement()) {
            frozen.setAutoCommit(false);
            statement.execute("SELECT FROM worker_incarnation WHERE incarnation = '" + zombie.me() + "' FOR SHARE");
            statement.execute("SELECT FROM job_running WHERE job_id = '" + id(queue + "-1") + "' FOR UPDATE");

            long started = System.nanoTime();
            IncarnationStore fencer = new IncarnationStore(db.database());
            boolean fenced = false;
            while (!fenced) {
                try {
                    fencer.fence(zombie.me(), "frozen", zombie.me());
                    fenced = true;
                } catch (StoreException e) {
                    assertThat(e.code()).isEqualTo(StoreException.Code.CONTENDED);
                    db.count("SELECT end_backends('" + zombie.me() + "')");
                }
            }
            assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
        } catch (java.sql.SQLException e) {
            assertThat(e.getSQLState()).as("the frozen session was ended").isIn("57P01", "08006", "25P03", "08003");
        }

        b.takes(ofB);
        assertThat(b.store().adopt(List.of(ofB), List.of())).hasSize(2);
    }

    @Test
    void H2_adoption_leaves_a_locked_row_to_the_next_scan() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor zombie = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofZombie = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        zombie.takes(ofZombie);
        zombie.claims(ofZombie, 0, job(0, queue + "-1"), job(1, queue + "-2"));
        db.fence(zombie);
        b.takes(ofB);

        try (Connection other = db.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT FROM job_running WHERE job_id = '" + id(queue + "-1") + "' FOR UPDATE");
            assertThat(b.store().adopt(List.of(ofB), List.of()))
                    .extracting(RunningJob::id)
                    .containsExactly(id(queue + "-2"));
            other.rollback();
        }

        assertThat(b.store().adopt(List.of(ofB), List.of()))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-1"));
    }

    @Test
    void H3_taking_a_partition_over_fences_nobody_and_the_old_owner_settles_what_it_runs() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, job(0, queue));

        // A never said that it let go; B was assigned the partition later.
        assertThat(b.takes(ofB).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
        assertThat(b.store().adopt(List.of(ofB), List.of())).isEmpty();
        assertThat(b.store().foreign(List.of(ofB)))
                .containsExactly(new OwnershipStore.Foreign(id(queue), a.me(), false));
        assertThat(a.succeeds(id(queue), 1)).containsExactly(new Settled.Done(id(queue)));
        assertThat(new IncarnationStore(db.database()).ownRow(a.me())).isEqualTo(IncarnationStore.OwnRow.LIVE);
    }

    @Test
    void H4_a_stale_assignee_does_not_take_the_partition_back() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor stale = db.worker();
        Actor b = db.worker();
        PartitionEpoch assignedBeforeItFroze = new PartitionEpoch(queue, 0, 4);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 5);
        b.takes(ofB);

        TakeOver.Answer answer = stale.takes(assignedBeforeItFroze);

        assertThat(answer.verdict()).isEqualTo(TakeOver.Verdict.OVERTAKEN);
        assertThat(answer.storedEpoch()).isEqualTo(5);
        assertThat(b.claims(ofB, 0, job(0, queue))).containsExactly(STARTED);
    }

    @Test
    void H5_a_late_claim_of_a_revoked_partition_is_refused_as_a_whole() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        b.takes(ofB);

        assertThat(a.claims(ofA, 0, keyed(10, queue + "-1", "K"))).containsExactly(NOT_OWNER);
        assertThat(b.claims(ofB, 0, keyed(10, queue + "-1", "K"), keyed(11, queue + "-2", "K")))
                .containsExactly(STARTED, WAITING);
        assertThat(a.store().census()).isEmpty();
    }

    @Test
    void H5_a_claim_that_leaves_a_gap_is_refused() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);

        assertThat(a.claims(p, 5, job(5, queue))).containsExactly(NOT_OWNER);
        assertThat(db.count("SELECT next_offset FROM partition_owner WHERE queue = '" + queue + "'"))
                .isZero();
    }

    @Test
    void H6_the_new_owner_finds_a_job_that_was_handed_over_running_and_whose_worker_then_died() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, job(0, queue));
        b.takes(ofB);
        assertThat(b.store().adopt(List.of(ofB), List.of())).isEmpty();

        db.fence(a); // no assignment follows this death: B owns the partition already

        assertThat(b.store().foreign(List.of(ofB)))
                .extracting(OwnershipStore.Foreign::fenced)
                .containsExactly(true);
        assertThat(b.store().adopt(List.of(ofB), List.of()))
                .singleElement()
                .satisfies(job -> assertThat(job.budget().recoveries()).isEqualTo(1));
    }

    @Test
    void H6_a_draining_worker_is_not_fenced_by_its_peers() {
        Actor draining = db.worker();
        Actor peer = db.worker();
        IncarnationStore incarnations = new IncarnationStore(db.database());
        incarnations.renewDrain(draining.me());

        assertThat(incarnations.fence(draining.me(), "absent from its group", peer.me()))
                .isEqualTo(IncarnationStore.Fenced.DRAINING);
    }

    @Test
    void H7_a_claim_whose_answer_was_lost_shows_in_the_census_and_the_position() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue)); // committed; imagine that the answer never came

        assertThat(a.takes(p).nextOffset()).as("taken over from itself").isEqualTo(1);
        assertThat(a.store().census()).extracting(RunKey::attempt).containsExactly(1);
    }

    @Test
    void H7_a_settle_that_a_lane_left_under_way_does_not_close_what_the_run_after_it_has_open() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue));
        OwnershipStore.IntentRequest charge = new OwnershipStore.IntentRequest(id(queue), 1, "charge");
        assertThat(a.store().intend(List.of(charge))).hasSize(1);

        // Its lane breaks while "dead, charge answered" is under way. The next one finds a row without a thread.
        List<RunKey> first = a.store().census();
        List<RunningJob> again = a.store().beginAgain(first);
        assertThat(again).extracting(RunningJob::attempt).containsExactly(2);
        assertThat(a.store().beginAgain(first)).as("said again, late").isEmpty();
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 2, "charge"))); // and calls outside

        assertThat(a.ends(id(queue), 1, Outcome.Verdict.DEAD, Duration.ZERO, List.of("charge")))
                .containsExactly(new Settled.Rejected(id(queue)));
        assertThat(db.count("SELECT count(*) FROM job_intent WHERE closed_at IS NULL AND job_id = '" + id(queue) + "'"))
                .as("calls without an answer")
                .isEqualTo(1);
        assertThat(db.count("SELECT count(*) FROM job_attempt WHERE outcome = 'interrupted' AND job_id = '" + id(queue)
                        + "'"))
                .isEqualTo(1);
    }

    @Test
    void H8_a_claim_that_commits_after_the_fence_is_adopted_by_a_later_scan() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        // A's claim stands in its statement: somebody holds the identity it is about to write.
        try (Connection other = db.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT FROM partition_owner WHERE queue = '" + queue + "' FOR UPDATE");
            CompletableFuture<List<Claim.Verdict>> claim =
                    CompletableFuture.supplyAsync(() -> a.claims(ofA, 0, job(0, queue)), Thread::startVirtualThread);
            db.fence(a);
            CompletableFuture<TakeOver.Answer> takeOver =
                    CompletableFuture.supplyAsync(() -> b.takes(ofB), Thread::startVirtualThread);
            other.rollback();

            List<Claim.Verdict> verdicts = claim.get(60, TimeUnit.SECONDS);
            assertThat(takeOver.get(60, TimeUnit.SECONDS).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
            // Either it came before the takeover, and is adopted, or after it, and was refused. Never in between.
            int expected = verdicts.getFirst() == STARTED ? 1 : 0;
            assertThat(b.store().adopt(List.of(ofB), List.of())).hasSize(expected);
            assertThat(b.takes(ofB).nextOffset()).isEqualTo(expected);
        }
    }

    @Test
    void H12_a_topic_that_was_made_anew_starts_at_its_beginning_and_nothing_of_it_is_taken_for_old() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 3);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"), job(1, queue + "-2"));

        TakeOver.Answer answer = a.takes(new PartitionEpoch(queue, 0, 4), UUID.randomUUID());

        assertThat(answer.logReplaced()).isTrue();
        assertThat(answer.nextOffset()).isZero();
        assertThat(JobId.atPosition(UUID.randomUUID(), 0, 0, 1))
                .isNotEqualTo(JobId.atPosition(OwnershipFixture.TOPIC, 0, 0, 1));
    }

    @Test
    void H13_a_key_is_asked_of_the_table_also_when_its_jobs_come_in_two_partitions() {
        String queue = db.queue(Ordering.KEY, WINDOW);
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 1, 1);
        a.takes(ofA);
        b.takes(ofB);

        assertThat(a.claims(ofA, 0, keyed(0, queue + "-1", "K"))).containsExactly(STARTED);
        assertThat(b.claims(ofB, 0, keyed(0, queue + "-2", "K"))).containsExactly(WAITING);
        assertThat(b.claims(ofB, 1, keyed(1, queue + "-1", "K"))).containsExactly(DUPLICATE);
    }

    @Test
    void a_zombies_outcome_is_rejected_and_on_record_once_its_job_was_adopted() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor zombie = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        PartitionEpoch ofZombie = new PartitionEpoch(queue, 0, 1);
        zombie.takes(ofZombie);
        zombie.claims(ofZombie, 0, job(0, queue));
        db.fence(zombie);
        b.takes(ofB);
        RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();

        assertThat(zombie.succeeds(id(queue), 1)).containsExactly(new Settled.Rejected(id(queue)));
        assertThat(zombie.takes(new PartitionEpoch(queue, 0, 3)).verdict()).isEqualTo(TakeOver.Verdict.FENCED);
        assertThat(b.succeeds(id(queue), adopted.attempt())).containsExactly(new Settled.Done(id(queue)));
        assertThat(db.count("SELECT count(*) FROM rejected_write WHERE incarnation = '" + zombie.me() + "'"))
                .isEqualTo(1);
        assertThat(db.count("SELECT count(*) FROM job_history WHERE job_id = '" + id(queue) + "'"))
                .isEqualTo(1);
    }

    @Test
    void the_same_id_with_another_payload_becomes_a_dead_job_of_its_own() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);

        assertThat(a.claims(p, 0, job(0, queue, null, "1"), job(1, queue, null, "2")))
                .containsExactly(STARTED, DEAD);

        assertThat(db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue
                        + "' AND state = 'dead' AND reason = 'identity_conflict' AND payload = '2'"))
                .isEqualTo(1);
    }

    @Test
    void a_record_that_postgres_refuses_is_told_apart_from_trouble() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);

        StoreException refusal = org.assertj.core.api.Assertions.catchThrowableOfType(
                StoreException.class, () -> a.claims(p, 0, keyed(0, queue, "zero\0byte")));

        assertThat(refusal.code()).isEqualTo(StoreException.Code.BAD_DATA);
        assertThat(a.takes(p).nextOffset()).isZero();
    }
}
