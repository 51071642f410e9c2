package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.store.HousekeepingStore.DailyTable;
import dev.muster.store.HousekeepingStore.Dropped;
import dev.muster.store.HousekeepingStore.Made;
import dev.muster.store.HousekeepingStore.Partition;
import dev.muster.store.HousekeepingStore.Rows;
import dev.muster.store.RelayStore.Cursor;
import dev.muster.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The partitions of days: made ahead, and dropped when they are old and told. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DailyPartitionIT {
    private static final Partition HISTORY = new Partition(DailyTable.HISTORY, LocalDate.parse("2025-06-01"));
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Cursor ALL = new Cursor("9000000000000000000", 0);

    private final OwnershipFixture db;
    private final HousekeepingStore store;
    private long epoch;

    DailyPartitionIT(PostgresDatabase postgres) {
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
    void a_day_gets_its_partition_once_and_its_rows_go_there() {
        LocalDate day = LocalDate.parse("2025-05-01");
        for (DailyTable table : DailyTable.values()) {
            assertThat(store.ensure(new Partition(table, day), epoch)).isEqualTo(Made.MADE);
            assertThat(store.ensure(new Partition(table, day), epoch)).isEqualTo(Made.THERE);
        }

        history("2025-05-01 00:00:00Z");
        history("2025-05-01 23:59:59.999999Z");

        assertThat(db.count("SELECT count(*) FROM job_history_20250501")).isEqualTo(2);
        assertThat(store.survey().partitions())
                .contains(new Partition(DailyTable.HISTORY, day), new Partition(DailyTable.ATTEMPTS, day));
        assertThatThrownBy(() -> db.execute(insert("2025-05-01 12:00:00Z").replace("succeeded", "nonsense")))
                .as("the checks hold there too")
                .hasMessageContaining("state_check");
        assertThat(db.count("SELECT count(*) FROM pg_indexes WHERE tablename = 'job_history_20250501'"))
                .as("by job, by the job that is named, for the relay, and of dead letters")
                .isEqualTo(4);
    }

    @Test
    void a_row_that_waits_while_its_day_gets_its_partition_comes_to_lie_there() throws Exception {
        String day = "2025-09-01";
        try (Connection leader = db.connect();
                Statement statement = leader.createStatement()) {
            leader.setAutoCommit(false);
            statement.execute("SELECT ensure_partition('job_history', '" + day + "', " + epoch + ")");
            CompletableFuture<Void> writer =
                    CompletableFuture.runAsync(() -> history(day + " 08:00:00Z"), Thread::startVirtualThread);
            awaitBlocked("INSERT INTO job_history");

            leader.commit();

            assertThat(writer).succeedsWithin(PATIENCE);
        }
        assertThat(db.count("SELECT count(*) FROM job_history_20250901")).isEqualTo(1);
    }

    @Test
    void a_large_default_partition_is_read_while_others_write_and_never_while_a_day_is_attached() throws Exception {
        history("2025-10-01 08:00:00Z");
        LocalDate today = LocalDate.ofInstant(Ticker.system().now(), ZoneOffset.UTC);
        Partition soon = new Partition(DailyTable.HISTORY, today.plusDays(1));
        Partition later = new Partition(DailyTable.HISTORY, today.plusDays(3));
        db.execute(
                "CREATE OR REPLACE FUNCTION small_default() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint'");
        try (Connection leader = db.connect();
                Connection writer = db.connect();
                Statement statement = leader.createStatement();
                Statement other = writer.createStatement()) {
            assertThat(store.ensure(soon, epoch))
                    .as("its check could refuse rows")
                    .isEqualTo(Made.IN_DEFAULT);

            statement.execute("SELECT exclude_day('job_history', '" + later.day() + "', " + epoch + ")");
            writer.setAutoCommit(false);
            other.execute(insert("2025-10-01 09:00:00Z"));
            statement.execute("SELECT prove_day('job_history', '" + later.day() + "', " + epoch + ")");
            writer.commit();
            statement.execute("SET client_min_messages = debug1");
            statement.execute("SELECT ensure_partition('job_history', '" + later.day() + "', " + epoch + ")");

            assertThat(warnings(statement))
                    .anyMatch(text -> text.contains("\"job_history_default\" is implied by existing constraints"));
            assertThat(store.ensure(later, epoch)).isEqualTo(Made.THERE);
            assertThat(store.ensure(new Partition(DailyTable.HISTORY, today.plusDays(4)), epoch))
                    .isEqualTo(Made.MADE);
            assertThat(db.count("SELECT count(*) FROM pg_constraint WHERE conname LIKE 'without_%'"))
                    .as("checks that could refuse rows one day")
                    .isZero();
        } finally {
            db.execute("CREATE OR REPLACE FUNCTION small_default() RETURNS bigint LANGUAGE sql IMMUTABLE"
                    + " AS 'SELECT 4194304::bigint'");
        }
    }

    @Test
    void rows_that_came_before_their_partition_stay_where_they_are_and_go_when_they_are_old_and_told() {
        history("2025-04-01 12:00:00Z");
        Instant after = Instant.parse("2025-04-02T00:00:00Z");

        assertThat(store.ensure(new Partition(DailyTable.HISTORY, LocalDate.parse("2025-04-01")), epoch))
                .isEqualTo(Made.IN_DEFAULT);
        assertThat(store.ensure(new Partition(DailyTable.HISTORY, LocalDate.parse("2025-04-02")), epoch))
                .isEqualTo(Made.MADE);
        assertThat(store.survey().inDefault().get(DailyTable.HISTORY)).isPositive();
        assertThat(store.sweep(Rows.HISTORY, after, 10, epoch)).as("not told").isZero();
        tellAll();
        assertThat(store.sweep(Rows.HISTORY, after.minus(1, ChronoUnit.DAYS), 10, epoch))
                .as("not old")
                .isZero();

        assertThat(store.sweep(Rows.HISTORY, after, 10, epoch)).isEqualTo(1);

        assertThat(db.count("SELECT count(*) FROM job_history_default WHERE settled_at < '2025-05-01'"))
                .isZero();
    }

    @Test
    void a_partition_with_a_row_that_was_not_told_is_kept() {
        store.ensure(HISTORY, epoch);
        history("2025-06-01 08:00:00Z");
        RelayStore relay = new RelayStore(db.database());

        assertThat(store.drop(HISTORY, epoch)).as("nothing was ever told").isEqualTo(Dropped.UNRELAYED);
        RelayStore.Row first = relay.next(relay.takeCursor(epoch).orElseThrow(), 10_000, 1 << 20)
                .rows()
                .getLast();
        relay.moveCursor(first.place(), epoch);
        history("2025-06-01 09:00:00Z");
        assertThat(store.drop(HISTORY, epoch)).as("the second was not").isEqualTo(Dropped.UNRELAYED);
        assertThat(db.count("SELECT count(*) FROM job_history_20250601")).isEqualTo(2);

        RelayStore.Row second =
                relay.next(first.place(), 10_000, 1 << 20).rows().getLast();
        relay.moveCursor(second.place(), epoch);

        assertThat(store.drop(HISTORY, epoch)).isEqualTo(Dropped.DROPPED);
        assertThat(store.drop(HISTORY, epoch)).isEqualTo(Dropped.GONE);
        assertThat(store.survey().partitions()).doesNotContain(HISTORY);
    }

    @Test
    void a_partition_whose_row_is_being_written_is_not_dropped_under_it() throws Exception {
        Partition partition = new Partition(DailyTable.HISTORY, LocalDate.parse("2025-07-01"));
        store.ensure(partition, epoch);
        tellAll();
        try (Connection writer = db.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute(insert("2025-07-01 08:00:00Z"));

            assertThatThrownBy(() -> store.drop(partition, epoch))
                    .isInstanceOfSatisfying(
                            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreException.Code.CONTENDED));
            writer.commit();
        }
        assertThat(db.count("SELECT count(*) FROM job_history_20250701")).isEqualTo(1);
    }

    private static String insert(String settledAt) {
        return "INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, attempt, failures,"
                + " recoveries, submitted_at, claimed_at, settled_at) VALUES (gen_random_uuid(), 'q', 0, 0, 't',"
                + " 'succeeded', 1, 0, 0, now(), now(), '" + settledAt + "')";
    }

    private void history(String settledAt) {
        db.execute(insert(settledAt));
    }

    private static List<String> warnings(Statement statement) throws SQLException {
        List<String> texts = new ArrayList<>();
        for (SQLWarning next = statement.getWarnings(); next != null; next = next.getNextWarning()) {
            texts.add(String.valueOf(next.getMessage()));
        }
        return texts;
    }

    private void awaitBlocked(String query) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> db.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                + " AND datname = current_database() AND query LIKE '" + query + "%'")
                        > 0);
    }

    private void tellAll() {
        RelayStore relay = new RelayStore(db.database());
        relay.takeCursor(epoch);
        assertThat(relay.moveCursor(ALL, epoch)).isTrue();
    }
}
