package dev.muster.store;

import static dev.muster.store.Claim.Verdict.CANCELLED;
import static dev.muster.store.Claim.Verdict.DUPLICATE;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Wishes that jobs be cancelled, wherever the job stands when it is said. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CancellationStoreIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final OwnershipFixture db;
    private final CancellationStore cancellations;

    CancellationStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.cancellations = new CancellationStore(db.database());
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_job_that_waits_is_over_at_once_and_the_history_says_who_wished_it() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue));
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());

        assertThat(cancel(queue)).isEqualTo(Cancellation.CANCELLED);

        assertThat(history(queue)).isEqualTo("cancelled|wrong amount|cancelled by alice: wrong amount");
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "'"))
                .isZero();
        assertThat(wishes(queue)).isZero();
        assertThat(cancel(queue)).as("said again").isEqualTo(Cancellation.FINAL);
        assertThat(wishes(queue)).isZero();
    }

    /** It was said to be cancelled, as if nothing had been done, though its first call had been made and answered. */
    @Test
    void a_cancelled_job_names_the_calls_that_were_answered_before_and_not_those_that_were_never_made() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue));
        for (String step : List.of("reserve", "charge", "mail")) {
            a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, step)));
        }
        Outcome retried = new Outcome(
                id(queue),
                1,
                Outcome.Verdict.RETRIED,
                "",
                "",
                "",
                Duration.ofHours(1),
                Optional.empty(),
                List.of("reserve", "charge", "mail"));
        a.store().settle(List.of(retried.unmade(java.util.Set.of("mail"))), List.of(), List.of(), Groups.NONE);

        assertThat(cancel(queue)).isEqualTo(Cancellation.CANCELLED_AFTER_CALLS);

        assertThat(history(queue))
                .isEqualTo("cancelled|wrong amount|cancelled by alice: wrong amount; "
                        + "calls answered before: charge, reserve");
    }

    @Test
    void whoever_runs_a_job_reads_the_wish_and_a_job_that_succeeds_all_the_same_has_succeeded() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor other = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue));

        assertThat(cancel(queue)).isEqualTo(Cancellation.RUNNING);

        assertThat(a.store().wishes())
                .containsExactly(new OwnershipStore.Wish(id(queue), "alice", Optional.of("wrong amount")));
        assertThat(other.store().wishes()).isEmpty();
        assertThat(a.succeeds(id(queue), 1)).containsExactly(new Settled.Done(id(queue)));
        assertThat(history(queue)).isEqualTo("succeeded|-|-");
        assertThat(wishes(queue)).isZero();
    }

    @Test
    void a_run_that_would_be_tried_again_is_over() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, keyed(0, queue, "K"), keyed(1, queue + "-2", "K"));
        cancel(queue);

        assertThat(a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of(), p))
                .as("its key goes on in the same statement")
                .first()
                .isEqualTo(new Settled.Done(id(queue)));
        assertThat(a.store().census()).extracting(RunKey::id).containsExactly(id(queue + "-2"));

        assertThat(history(queue)).isEqualTo("cancelled|wrong amount|cancelled by alice: wrong amount");
    }

    @Test
    void a_job_with_an_unanswered_call_stays_unknown_until_it_has_its_answer() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue));
        a.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue), 1, "charge")));
        a.ends(id(queue), 1, Outcome.Verdict.UNKNOWN, Duration.ZERO, List.of());

        assertThat(cancel(queue)).isEqualTo(Cancellation.UNKNOWN);
        RunningJob again = a.store().startDue(List.of(p), 1).getFirst();
        assertThat(a.store().wishes())
                .as("it has to have its answer, so it is not told")
                .isEmpty();
        assertThat(a.ends(id(queue), again.attempt(), Outcome.Verdict.CANCELLED, Duration.ZERO, List.of()))
                .as("the call was not answered in this run either")
                .containsExactly(new Settled.Unsure(id(queue)));
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "'");
        RunningJob third = a.store().startDue(List.of(p), 1).getFirst();
        a.ends(id(queue), third.attempt(), Outcome.Verdict.CANCELLED, Duration.ZERO, List.of("charge"));

        assertThat(history(queue))
                .isEqualTo("cancelled|-|cancelled by alice: wrong amount; calls answered before: charge");
        assertThat(wishes(queue)).isZero();
    }

    @Test
    void a_job_that_comes_after_the_wish_is_not_begun_and_its_id_is_known_all_the_same() {
        String queue = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);

        assertThat(cancel(queue)).isEqualTo(Cancellation.AHEAD);
        assertThat(a.claims(p, 0, job(0, queue), job(1, queue + "-2"))).containsExactly(CANCELLED, STARTED);

        assertThat(history(queue)).isEqualTo("cancelled|wrong amount|cancelled by alice: wrong amount");
        assertThat(a.claims(p, 2, job(2, queue))).containsExactly(DUPLICATE);
        assertThat(wishes(queue)).isZero();
    }

    @Test
    void a_wish_for_a_job_that_never_comes_is_forgotten_after_a_day() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        cancel(queue);
        db.execute("UPDATE cancel_wish SET wished_at = now() - interval '25 h' WHERE job_id = '" + id(queue) + "'");

        cancel(queue + "-another");

        assertThat(wishes(queue)).isZero();
        assertThat(wishes(queue + "-another")).isEqualTo(1);
    }

    @Test
    void the_next_of_a_key_goes_on_when_the_one_before_it_is_cancelled_while_it_waits() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, keyed(0, queue, "K"), keyed(1, queue + "-2", "K"), keyed(2, queue + "-3", "K"));
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of(), p);

        assertThat(cancel(queue + "-2")).as("in the middle").isEqualTo(Cancellation.CANCELLED);
        assertThat(a.store().startDue(List.of(p), 10))
                .as("the head keeps its place")
                .isEmpty();
        assertThat(cancel(queue)).as("the head").isEqualTo(Cancellation.CANCELLED);

        assertThat(a.nextDue(p)).contains(Duration.ZERO);
        assertThat(a.store().startDue(List.of(p), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-3"));
    }

    @Test
    void the_wish_goes_with_an_adopted_job_and_a_zombies_outcome_changes_nothing() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor zombie = db.worker();
        Actor b = db.worker();
        owned(zombie, queue);
        zombie.claims(new PartitionEpoch(queue, 0, 1), 0, job(0, queue));
        cancel(queue);
        db.fence(zombie);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        b.takes(ofB);
        RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();

        assertThat(b.store().wishes()).hasSize(1);
        assertThat(zombie.ends(id(queue), 1, Outcome.Verdict.CANCELLED, Duration.ZERO, List.of()))
                .containsExactly(new Settled.Rejected(id(queue)));
        assertThat(wishes(queue)).isEqualTo(1);
        b.ends(id(queue), adopted.attempt(), Outcome.Verdict.CANCELLED, Duration.ZERO, List.of());
        assertThat(history(queue)).isEqualTo("cancelled|-|cancelled by alice: wrong amount");
    }

    /** RACE: the settle deletes the running row while the wish is being said, and the other way round. */
    @Test
    void a_wish_and_the_end_of_a_run_cant_miss_each_other() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue + "-1"), job(1, queue + "-2"));

        // The settle comes while the wish stands in its statement.
        try (Connection wishing = db.connect();
                Statement statement = wishing.createStatement()) {
            wishing.setAutoCommit(false);
            statement.execute("SELECT cancel('" + id(queue + "-1") + "', 'alice', NULL)");
            CompletableFuture<List<Settled>> settled = CompletableFuture.supplyAsync(
                    () -> a.ends(id(queue + "-1"), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of()));
            awaitBlocked(a, "settle");
            wishing.commit();
            settled.get(60, TimeUnit.SECONDS);
        }
        // The wish comes while the settle stands in its statement.
        try (Connection settling = db.connect();
                Statement statement = settling.createStatement()) {
            settling.setAutoCommit(false);
            statement.execute("DELETE FROM job_running WHERE job_id = '" + id(queue + "-2") + "'");
            statement.execute(
                    "INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, attempt,"
                            + " type, submitted_at, payload) VALUES ('" + id(queue + "-2") + "', '" + queue
                            + "', 0, 1, 'retrying', now(), 1, 'test', now(), '')");
            CompletableFuture<Cancellation> wish =
                    CompletableFuture.supplyAsync(() -> cancel(queue + "-2"), Thread::startVirtualThread);
            awaitBlocked("fixture", "cancel");
            settling.commit();
            assertThat(wish.get(60, TimeUnit.SECONDS)).isEqualTo(Cancellation.CANCELLED);
        }

        assertThat(db.count("SELECT count(*) FROM job_history WHERE state = 'cancelled' AND queue = '" + queue + "'"))
                .isEqualTo(2);
        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();
    }

    /** The job was claimed while the wish looked for it: nobody has carried the wish out, until the job is to start. */
    @Test
    void a_waiting_job_whose_wish_was_overlooked_does_not_start() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue));
        a.ends(id(queue), 1, Outcome.Verdict.SNOOZED, Duration.ZERO, List.of());
        db.execute("INSERT INTO cancel_wish (job_id, wished_by) VALUES ('" + id(queue) + "', 'alice')");

        assertThat(a.store().startDue(List.of(p), 10)).isEmpty();

        assertThat(history(queue)).isEqualTo("cancelled|cancelled|cancelled by alice");
    }

    @Test
    void the_moment_in_which_somebody_attaches_a_partition_fails_no_cancel_and_no_lane() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue);
        a.claims(p, 0, job(0, queue), job(1, queue + "settles"));
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());
        try (Connection operator = db.connect();
                Statement statement = operator.createStatement()) {
            statement.execute("DELETE FROM job_history_default");
            operator.setAutoCommit(false);
            statement.execute("CREATE TABLE job_history_of_today (LIKE job_history INCLUDING ALL)");
            statement.execute("ALTER TABLE job_history ATTACH PARTITION job_history_of_today"
                    + " FOR VALUES FROM (date_trunc('day', now()) - interval '1 day')"
                    + " TO (date_trunc('day', now()) + interval '2 days')");
            CompletableFuture<Cancellation> wish =
                    CompletableFuture.supplyAsync(() -> cancel(queue), Thread::startVirtualThread);
            CompletableFuture<StoreException.Code> end =
                    CompletableFuture.supplyAsync(() -> refusal(a, id(queue + "settles")), Thread::startVirtualThread);
            awaitBlocked("fixture", "cancel");
            awaitBlocked(a, "settle");

            operator.commit();

            assertThat(wish).succeedsWithin(PATIENCE).isEqualTo(Cancellation.CANCELLED);
            assertThat(end)
                    .as("its lane settles again")
                    .succeedsWithin(PATIENCE)
                    .isEqualTo(StoreException.Code.CONTENDED);
            assertThat(a.succeeds(id(queue + "settles"), 1)).hasSize(1);
        } finally {
            db.execute("DROP TABLE IF EXISTS job_history_of_today");
        }
    }

    private static StoreException.Code refusal(Actor actor, JobId id) {
        return catchThrowableOfType(StoreException.class, () -> actor.succeeds(id, 1))
                .code();
    }

    private void awaitBlocked(Actor actor, String function) {
        awaitBlocked(actor.me().id(), function);
    }

    private void awaitBlocked(String application, String function) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(2)) // longer, and its lock_timeout ends it
                .pollInterval(Duration.ofMillis(5))
                .until(() -> db.count("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + application
                                + "' AND wait_event_type = 'Lock' AND query LIKE '%" + function + "(%'")
                        > 0);
    }

    private static PartitionEpoch owned(Actor actor, String queue) {
        PartitionEpoch partition = new PartitionEpoch(queue, 0, 1);
        assertThat(actor.takes(partition).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
        return partition;
    }

    private Cancellation cancel(String name) {
        return cancellations.cancel(id(name), "alice", Optional.of("wrong amount"));
    }

    private String history(String name) {
        JobId id = id(name);
        try (Connection connection = db.connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT string_agg(state || '|' || coalesce(reason, '-') || '|' || coalesce(detail, '-'), ', ')"
                                + " FROM job_history WHERE job_id = '" + id + "'")) {
            rows.next();
            return String.valueOf(rows.getString(1));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private long wishes(String name) {
        return db.count("SELECT count(*) FROM cancel_wish WHERE job_id = '" + id(name) + "'");
    }
}
