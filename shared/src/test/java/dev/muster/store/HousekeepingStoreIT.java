package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.HousekeepingStore.DailyTable;
import dev.muster.store.HousekeepingStore.Dropped;
import dev.muster.store.HousekeepingStore.Made;
import dev.muster.store.HousekeepingStore.Pages;
import dev.muster.store.HousekeepingStore.Partition;
import dev.muster.store.HousekeepingStore.Rows;
import dev.muster.store.HousekeepingStore.Swept;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.RelayStore.Cursor;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is removed of what is over, and what never is. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HousekeepingStoreIT {
    private static final LocalDate DAY = LocalDate.parse("2025-06-01");
    private static final Cursor ALL = new Cursor("9000000000000000000", 0);
    private final Instant monthAgo = Instant.now().minus(30, ChronoUnit.DAYS);

    private final OwnershipFixture db;
    private final HousekeepingStore store;
    private long epoch;

    HousekeepingStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.store = new HousekeepingStore(db.database());
    }

    @BeforeEach
    void lead() {
        OptionalLong lease = new LeaseStore(db.database()).lead("leader", Duration.ofMinutes(10));
        epoch = lease.orElseThrow();
        db.execute("DELETE FROM relay_cursor");
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void an_identity_within_its_queues_window_is_kept_and_one_beyond_goes() {
        String week = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        String hour = db.queue(Ordering.NONE, Optional.of(Duration.ofHours(1)));
        for (String queue : List.of(week, hour)) {
            for (String age : List.of("50 minutes", "2 hours", "8 days")) {
                db.execute("INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash, seen_at)"
                        + " VALUES (gen_random_uuid(), '" + queue + "', 0, 0, '', now() - interval '" + age + "')");
            }
        }

        Swept swept = store.sweep(Pages.IDENTITIES, store.survey().now(), 0, 64, epoch);

        assertThat(swept.removed()).isEqualTo(3);
        assertThat(swept.pages()).isPositive();
        assertThat(identities(week)).isEqualTo(2);
        assertThat(identities(hour)).isEqualTo(1);
    }

    @Test
    void a_vacuum_of_the_running_rows_leaves_no_dead_ones() throws Exception {
        try (Connection claims = db.connect();
                Statement statement = claims.createStatement()) {
            statement.execute(
                    "INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type,"
                            + " submitted_at, payload) SELECT gen_random_uuid(), 'vacuumed', 0, n, 'w-1.1', 1, 'test', now(), ''"
                            + " FROM generate_series(1, 2000) n");
            statement.execute("DELETE FROM job_running WHERE queue = 'vacuumed'");
            statement.execute("SELECT pg_stat_force_next_flush()");
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> store.bloat().dead() >= 1_000);

        await().atMost(Duration.ofSeconds(10)).until(() -> {
            store.vacuum(false); // passes the table over while autovacuum is at it
            return store.bloat().dead() < 1_000;
        });

        long kept = store.bloat().bytes();
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            store.vacuum(true);
            return store.bloat().bytes() < kept;
        });
    }

    @Test
    void an_identity_that_a_claim_holds_is_passed_over_without_waiting() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        db.execute("INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash, seen_at)"
                + " VALUES (gen_random_uuid(), '" + queue + "', 0, 0, '', now() - interval '8 days')");
        try (Connection claim = db.connect();
                Statement statement = claim.createStatement()) {
            claim.setAutoCommit(false);
            statement.execute("DELETE FROM job_identity WHERE queue = '" + queue + "'");

            store.sweep(Pages.IDENTITIES, store.survey().now(), 0, 64, epoch);
            claim.rollback();
        }
        assertThat(identities(queue)).isEqualTo(1);
    }

    @Test
    void intents_go_when_their_job_has_left_the_history_and_never_while_it_is_unfinished() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor worker = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        worker.takes(p);
        worker.claims(p, 0, job(0, queue + "runs"), job(1, queue + "waits"), job(2, queue + "ended"));
        for (String name : List.of("runs", "waits", "ended")) {
            worker.store().intend(List.of(new OwnershipStore.IntentRequest(id(queue + name), 1, "charge")));
        }
        worker.ends(id(queue + "waits"), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of("charge"));
        worker.succeeds(id(queue + "ended"), 1);
        String ours = "SELECT count(*) FROM job_intent WHERE job_id IN ('" + id(queue + "runs") + "', '"
                + id(queue + "waits") + "', '" + id(queue + "ended") + "')";
        Instant later = Instant.now().plus(1, ChronoUnit.DAYS);

        store.sweep(Pages.INTENTS, monthAgo, 0, 64, epoch);
        assertThat(db.count(ours)).as("young").isEqualTo(3);
        store.sweep(Pages.INTENTS, later, 0, 64, epoch);
        assertThat(db.count(ours)).as("unfinished, or in the history").isEqualTo(3);
        db.execute("DELETE FROM job_history WHERE job_id = '" + id(queue + "ended") + "'");
        store.sweep(Pages.INTENTS, later, 0, 64, epoch);

        assertThat(db.count(ours)).isEqualTo(2);
    }

    @Test
    void an_incarnation_that_running_jobs_name_is_kept_so_that_they_can_be_adopted() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor dead = db.worker();
        Actor idle = db.worker();
        Actor live = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        dead.takes(p);
        dead.claims(p, 0, job(0, queue));
        new IncarnationStore(idle.database()).renewDrain(idle.me());
        db.fence(dead);
        db.fence(idle);
        live.takes(new PartitionEpoch(queue, 0, 2));
        Instant later = Instant.now().plus(1, ChronoUnit.DAYS);

        store.sweep(Rows.INCARNATIONS, monthAgo, 1_000, epoch);
        assertThat(incarnations(dead, idle, live)).as("young").isEqualTo(3);
        store.sweep(Rows.INCARNATIONS, later, 1_000, epoch);

        assertThat(incarnations(idle)).isZero();
        assertThat(incarnations(dead, live)).isEqualTo(2);
        assertThat(live.store().adopt(List.of(new PartitionEpoch(queue, 0, 2)), List.of()))
                .hasSize(1);
        store.sweep(Rows.INCARNATIONS, later, 1_000, epoch);
        assertThat(incarnations(dead)).isZero();
        assertThat(new IncarnationStore(db.database()).mint(idle.me().worker(), "default", "here"))
                .as("a number is never used twice")
                .get()
                .isNotEqualTo(idle.me());
    }

    @Test
    void notes_of_redriven_letters_go_when_neither_the_letter_nor_its_job_is_anywhere() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor worker = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        worker.takes(p);
        worker.claims(p, 0, job(0, queue + "runs"), job(1, queue + "waits"), job(2, queue + "ended"));
        worker.ends(id(queue + "waits"), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());
        worker.succeeds(id(queue + "ended"), 1);
        for (String name : List.of("runs", "waits", "ended", "gone")) {
            db.execute("INSERT INTO redrive (seq, xid, job_id, redriven_as, batch, redriven_by, redriven_at, due_at,"
                    + " key_version) VALUES (nextval('event_seq'), '1', gen_random_uuid(), '" + id(queue + name)
                    + "', gen_random_uuid(), '" + queue + "', now() - interval '40 days', now(), 1)");
        }
        String ours = "SELECT count(*) FROM redrive WHERE redriven_by = '" + queue + "'";

        store.sweep(Rows.REDRIVES, monthAgo.minus(30, ChronoUnit.DAYS), 100, epoch);
        assertThat(db.count(ours)).as("young").isEqualTo(4);
        store.sweep(Rows.REDRIVES, monthAgo, 100, epoch);

        assertThat(db.count(ours)).isEqualTo(3);
        assertThat(db.count(ours + " AND redriven_as = '" + id(queue + "gone") + "'"))
                .isZero();
    }

    @Test
    void incidents_go_once_they_are_closed_told_and_old() {
        db.execute("""
                INSERT INTO incident (kind, subject, summary, opened_at, closed_at, relayed) VALUES
                    ('swept', 'open', '', now() - interval '1 year', NULL, 1),
                    ('swept', 'not told', '', now() - interval '1 year', now() - interval '1 year', 1),
                    ('swept', 'young', '', now() - interval '1 year', now(), 2),
                    ('swept', 'old', '', now() - interval '1 year', now() - interval '31 days', 2)""");

        store.sweep(Rows.INCIDENTS, monthAgo, 100, epoch);

        assertThat(db.count("SELECT count(*) FROM incident WHERE kind = 'swept'"))
                .isEqualTo(3);
        assertThat(db.count("SELECT count(*) FROM incident WHERE kind = 'swept' AND subject = 'old'"))
                .isZero();
    }

    @Test
    void what_is_on_record_goes_in_batches_the_oldest_first() {
        db.execute("INSERT INTO rejected_write (incarnation, operation, at)"
                + " SELECT 'swept.1', 'settle', now() - interval '40 days' + make_interval(days => g)"
                + " FROM generate_series(0, 39) g");
        db.execute("INSERT INTO supervision_event (writer, number, at, origin, path, kind) SELECT gen_random_uuid(), g,"
                + " now() - interval '40 days' + make_interval(days => g), 'test', 'swept', 'ended'"
                + " FROM generate_series(0, 39) g");

        for (Rows rows : List.of(Rows.REJECTED_WRITES, Rows.SUPERVISION)) {
            assertThat(store.sweep(rows, monthAgo, 8, epoch)).isEqualTo(8);
            assertThat(store.sweep(rows, monthAgo, 8, epoch)).isBetween(2, 3);
            assertThat(store.sweep(rows, monthAgo, 8, epoch)).isZero();
        }
    }

    @Test
    void a_leader_that_was_deposed_sweeps_nothing() {
        Partition partition = new Partition(DailyTable.ATTEMPTS, LocalDate.parse("2025-08-01"));
        store.ensure(partition, epoch);
        tellAll();
        db.execute("INSERT INTO incident (kind, subject, summary, opened_at, closed_at, relayed)"
                + " VALUES ('deposed', '', '', now() - interval '1 year', now() - interval '1 year', 2)");
        String queue = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        db.execute("INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash, seen_at)"
                + " VALUES (gen_random_uuid(), '" + queue + "', 0, 0, '', now() - interval '8 days')");
        long old = epoch - 1;
        Instant later = Instant.now().plus(1, ChronoUnit.DAYS);

        assertThat(store.ensure(new Partition(DailyTable.ATTEMPTS, DAY), old)).isEqualTo(Made.DEPOSED);
        assertThat(store.drop(partition, old)).isEqualTo(Dropped.DEPOSED);
        for (Rows rows : Rows.values()) {
            assertThat(store.sweep(rows, later, 1_000, old)).as(rows.name()).isZero();
        }
        for (Pages rows : Pages.values()) {
            assertThat(store.sweep(rows, later, 0, 1_000, old).removed())
                    .as(rows.name())
                    .isZero();
        }
        assertThat(store.survey().partitions()).contains(partition);
        assertThat(identities(queue)).isEqualTo(1);
    }

    private void tellAll() {
        RelayStore relay = new RelayStore(db.database());
        relay.takeCursor(epoch);
        assertThat(relay.moveCursor(ALL, epoch)).isTrue();
    }

    private long identities(String queue) {
        return db.count("SELECT count(*) FROM job_identity WHERE queue = '" + queue + "'");
    }

    private long incarnations(Actor... actors) {
        return List.of(actors).stream()
                .mapToLong(actor ->
                        db.count("SELECT count(*) FROM worker_incarnation WHERE incarnation = '" + actor.me() + "'"))
                .sum();
    }
}
