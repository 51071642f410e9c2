package dev.muster.store;

import static dev.muster.store.Claim.Verdict.DUPLICATE;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches that go the short way through {@code claim} and {@code settle}, but for one of them. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PlainBatchIT {
    private static final int MANY = 40;
    private static final Instant ENTERED = Instant.parse("2026-11-30T12:00:00.123456Z");

    private final OwnershipFixture db;

    PlainBatchIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_settle_of_runs_that_are_all_ours_says_so_in_one_row_and_keeps_what_each_has_returned() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"), job(1, queue + "-2"));

        assertThat(settle(a, succeeded(queue + "-1", 1, "first"), succeeded(queue + "-2", 1, "")))
                .containsExactly(new Settled.Done(id(queue + "-1")), new Settled.Done(id(queue + "-2")));

        assertThat(history(
                        queue,
                        "state = 'succeeded' AND result = 'first' AND entered_at = '" + ENTERED
                                + "' AND incarnation = '" + a.me() + "' AND record_offset = 0 AND job_id = '"
                                + id(queue + "-1")
                                + "'"))
                .isEqualTo(1);
        assertThat(history(queue, "state = 'succeeded' AND result IS NULL AND record_offset = 1"))
                .isEqualTo(1);
        assertThat(a.store().census()).isEmpty();
    }

    @Test
    void a_run_that_another_has_adopted_is_refused_and_the_others_are_settled() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor dead = db.worker();
        Actor heir = db.worker();
        PartitionEpoch ofDead = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofHeir = new PartitionEpoch(queue, 0, 2);
        dead.takes(ofDead);
        dead.claims(ofDead, 0, job(0, queue + "-1"), job(1, queue + "-2"));
        db.fence(dead);
        heir.takes(ofHeir);
        heir.store().adopt(List.of(ofHeir), List.of());
        heir.claims(ofHeir, 2, job(2, queue + "-3"));

        // The second is said to be of the attempt that the dead one ran.
        assertThat(settle(
                        heir,
                        succeeded(queue + "-1", 2, "a"),
                        succeeded(queue + "-2", 1, "b"),
                        succeeded(queue + "-3", 1, "c")))
                .containsExactlyInAnyOrder(
                        new Settled.Done(id(queue + "-1")),
                        new Settled.Rejected(id(queue + "-2")),
                        new Settled.Done(id(queue + "-3")));

        assertThat(history(queue, "result IN ('a', 'c')")).isEqualTo(2);
        assertThat(heir.store().census()).extracting(RunKey::id).containsExactly(id(queue + "-2"));
        assertThat(db.count("SELECT count(*) FROM rejected_write WHERE operation = 'settle' AND job_id = '"
                        + id(queue + "-2") + "'"))
                .isEqualTo(1);
    }

    @Test
    void one_that_has_a_key_frees_it() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        String plain = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch q = new PartitionEpoch(plain, 0, 1);
        a.takes(p);
        a.takes(q);
        a.claims(p, 0, keyed(0, queue + "-1", "k"), keyed(1, queue + "-2", "k"));
        a.claims(q, 0, job(0, plain));

        // The partition is not ours any more: whose it is looks at the next one soon.
        assertThat(settle(a, succeeded(queue + "-1", 1, ""), succeeded(plain, 1, "")))
                .containsExactlyInAnyOrder(new Settled.Done(id(queue + "-1")), new Settled.Done(id(plain)));

        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE job_id = '" + id(queue + "-2")
                        + "' AND state = 'parked' AND due_at <= now()"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void of_an_id_that_comes_twice_in_a_claim_the_first_is_started(boolean windowed) {
        String queue = db.queue(Ordering.NONE, windowed ? Optional.of(Duration.ofDays(1)) : Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);

        assertThat(a.claims(p, 0, among(queue, job(0, queue + "-1"), job(1, queue + "-2"), job(2, queue + "-1"))))
                .startsWith(STARTED, STARTED, DUPLICATE)
                .filteredOn(STARTED::equals)
                .hasSize(2 + MANY);

        assertThat(db.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "' AND record_offset <> 2"))
                .isEqualTo(2 + MANY);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void one_that_waits_is_not_started_a_second_time_and_the_others_of_the_claim_are(boolean windowed) {
        String queue = db.queue(Ordering.NONE, windowed ? Optional.of(Duration.ofDays(1)) : Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"));
        a.ends(id(queue + "-1"), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());
        db.execute("DELETE FROM job_identity WHERE job_id = '" + id(queue + "-1") + "'"); // its window is over

        assertThat(a.claims(p, 1, among(queue, job(1, queue + "-2"), job(2, queue + "-1"), job(3, queue + "-3"))))
                .startsWith(STARTED, DUPLICATE, STARTED);

        assertThat(a.store().census())
                .hasSize(2 + MANY)
                .extracting(RunKey::id)
                .contains(id(queue + "-2"), id(queue + "-3"))
                .doesNotContain(id(queue + "-1"));
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE job_id = '" + id(queue + "-1") + "'"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void one_that_runs_is_not_started_a_second_time_and_the_others_of_the_claim_are(boolean windowed) {
        String queue = db.queue(Ordering.NONE, windowed ? Optional.of(Duration.ofDays(1)) : Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"));
        db.execute("DELETE FROM job_identity WHERE job_id = '" + id(queue + "-1") + "'"); // its window is over

        assertThat(a.claims(p, 1, among(queue, job(1, queue + "-2"), job(2, queue + "-1"), job(3, queue + "-3"))))
                .startsWith(STARTED, DUPLICATE, STARTED)
                .filteredOn(STARTED::equals)
                .hasSize(2 + MANY);

        assertThat(a.store().census()).hasSize(3 + MANY);
        assertThat(db.count("SELECT record_offset FROM job_running WHERE job_id = '" + id(queue + "-1") + "'"))
                .isZero();
    }

    /** The claim has to wait for what is under way with the id, and to see what came of it. */
    @ParameterizedTest
    @EnumSource
    void an_id_that_somebody_is_busy_with_is_judged_by_what_becomes_of_it(Busy busy) throws Exception {
        meets(busy, Ordering.NONE);
    }

    @ParameterizedTest
    @EnumSource
    void so_is_one_in_a_claim_of_jobs_that_have_keys(Busy busy) throws Exception {
        meets(busy, Ordering.KEY);
    }

    private void meets(Busy busy, Ordering ordering) throws Exception {
        String queue = db.queue(ordering, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"));
        String mine = " WHERE job_id = '" + id(queue + "-1") + "'";
        Claim.Entry[] next = ordering == Ordering.KEY
                ? new Claim.Entry[] {keyed(1, queue + "-1", "k1"), keyed(2, queue + "-2", "k2")}
                : new Claim.Entry[] {job(1, queue + "-1"), job(2, queue + "-2")};

        try (Connection other = db.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            if (busy == Busy.BEGINS_TO_WAIT) {
                statement.execute(
                        "INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type,"
                                + " submitted_at, payload) SELECT job_id, queue, partition, record_offset, 'retrying', now(),"
                                + " type, submitted_at, payload FROM job_running" + mine);
            }
            statement.execute("DELETE FROM job_running" + mine);
            var claim = CompletableFuture.supplyAsync(() -> a.claims(p, 1, among(queue, next)));
            awaitBlocked();
            if (busy == Busy.GIVES_UP) {
                other.rollback();
            } else {
                other.commit();
            }

            assertThat(claim.get(30, TimeUnit.SECONDS))
                    .startsWith(busy == Busy.ENDS ? STARTED : DUPLICATE, STARTED)
                    .filteredOn(STARTED::equals)
                    .hasSize((busy == Busy.ENDS ? 2 : 1) + MANY);
        }
        assertThat(db.count("SELECT (SELECT count(*) FROM job_running" + mine + ") + (SELECT count(*) FROM job_waiting"
                        + mine + ")"))
                .isEqualTo(1);
    }

    enum Busy {
        ENDS,
        BEGINS_TO_WAIT,
        GIVES_UP
    }

    @Test
    void a_settle_that_has_waited_for_an_adoption_is_refused_and_leaves_what_is_wished_of_the_job() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor heir = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(p, 0, job(0, queue + "-1"), job(1, queue + "-2"));
        String first = " WHERE job_id = '" + id(queue + "-1") + "'";

        try (Connection other = db.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("UPDATE job_running SET incarnation = '" + heir.me() + "', attempt = 2" + first);
            statement.execute("INSERT INTO cancel_wish (job_id, wished_by) VALUES ('" + id(queue + "-1") + "', 'me')");
            var settle = CompletableFuture.supplyAsync(
                    () -> settle(a, succeeded(queue + "-1", 1, ""), succeeded(queue + "-2", 1, "")));
            awaitBlocked();
            other.commit();

            assertThat(settle.get(30, TimeUnit.SECONDS))
                    .containsExactlyInAnyOrder(
                            new Settled.Rejected(id(queue + "-1")), new Settled.Done(id(queue + "-2")));
        }
        assertThat(db.count("SELECT count(*) FROM cancel_wish" + first)).isEqualTo(1);
        db.execute("DELETE FROM cancel_wish" + first);
    }

    private void awaitBlocked() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> db.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                + " AND datname = current_database()")
                        > 0);
    }

    @Test
    void a_thousand_are_settled_at_once() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        a.claims(
                p, 0, IntStream.range(0, 1_000).mapToObj(i -> job(i, queue + i)).toArray(Claim.Entry[]::new));

        assertThat(settle(
                        a,
                        IntStream.range(0, 1_000)
                                .mapToObj(i -> succeeded(queue + i, 1, ""))
                                .toArray(Outcome[]::new)))
                .hasSize(1_000)
                .allMatch(Settled.Done.class::isInstance);
        assertThat(history(queue, "state = 'succeeded'")).isEqualTo(1_000);
    }

    /** A claim of so many that it goes the shortest way, and these at its beginning. */
    private static Claim.Entry[] among(String queue, Claim.Entry... entries) {
        long next = entries[entries.length - 1].offset() + 1;
        return Stream.concat(
                        Arrays.stream(entries),
                        LongStream.range(next, next + MANY).mapToObj(i -> job(i, queue + "-filler-" + i)))
                .toArray(Claim.Entry[]::new);
    }

    private long history(String queue, String where) {
        return db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND " + where);
    }

    private static Outcome succeeded(String name, int attempt, String result) {
        return OwnershipFixture.succeeded(id(name), attempt, result, Optional.of(ENTERED));
    }

    private static List<Settled> settle(Actor actor, Outcome... outcomes) {
        return actor.store().settle(List.of(outcomes), List.of(), List.of(), Groups.NONE);
    }
}
