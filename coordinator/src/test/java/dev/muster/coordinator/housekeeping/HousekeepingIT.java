package dev.muster.coordinator.housekeeping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Settings;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.store.Database;
import dev.muster.store.HousekeepingStore;
import dev.muster.store.LeaseStore;
import dev.muster.store.Migrations;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A leader keeps house on a real Postgres. */
@ExtendWith(EmbeddedServers.class)
class HousekeepingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    /** More than a round and a pass have over these few rows. */
    private static final int STEPS = 40;

    private final LocalDate today = LocalDate.ofInstant(Ticker.system().now(), ZoneOffset.UTC);

    private final PostgresDatabase postgres;
    private final Database database;
    private final Leadership leadership;
    private final HousekeepingLoop loop;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    HousekeepingIT(PostgresDatabase postgres) {
        this.postgres = postgres;
        Settings settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password()));
        Migrations.migrate(settings);
        this.database = Database.open(settings, "test", 2, Optional.empty());
        this.leadership =
                new Leadership(new LeaseStore(database), "leader", Duration.ofMinutes(5), Ticker.system(), meters);
        this.loop = new HousekeepingLoop(
                new HousekeepingStore(database), leadership, Retention.of(settings), Ticker.system(), meters);
    }

    @BeforeEach
    void clean() throws SQLException {
        execute("DELETE FROM leader_lease");
        execute("DELETE FROM relay_cursor");
        for (int days = -45; days <= 3; days++) {
            for (String table : new String[] {"job_history", "job_attempt"}) {
                execute("DROP TABLE IF EXISTS " + partition(table, days));
            }
        }
        execute("DELETE FROM job_identity");
    }

    @AfterEach
    void close() {
        loop.close();
        leadership.close();
        database.close();
    }

    @Test
    void a_leader_vacuums_the_running_rows() throws SQLException {
        lead();
        execute(
                "INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, submitted_at,"
                        + " payload) SELECT gen_random_uuid(), 'vacuumed', 0, n, 'w-1.1', 1, 'test', now(), ''"
                        + " FROM generate_series(1, " + 2 * RunningVacuum.WORTH_IT + ") n");
        execute("DELETE FROM job_running WHERE queue = 'vacuumed'; SELECT pg_stat_force_next_flush()");
        String dead = "SELECT pg_stat_get_dead_tuples('job_running'::regclass)";
        await().atMost(Duration.ofSeconds(10)).until(() -> count(dead) >= RunningVacuum.WORTH_IT);

        await().atMost(Duration.ofSeconds(20)).until(() -> {
            loop.runOnce();
            return count(dead) < RunningVacuum.WORTH_IT;
        });
    }

    @Test
    void a_new_leader_makes_partitions_drops_what_was_told_and_keeps_what_was_not() throws SQLException {
        makePartition(-40);
        history(-40);
        makePartition(-35);
        execute("INSERT INTO relay_cursor SELECT 'events', max(xid), max(seq), 1 FROM job_history");
        history(-35);
        identity("8 days");
        identity("1 hour");
        lead();

        steps();

        assertThat(exists(partition("job_history", -40))).isFalse();
        assertThat(exists(partition("job_history", -35)))
                .as("its row was not told")
                .isTrue();
        for (int days = 0; days <= 3; days++) {
            assertThat(exists(partition("job_history", days))).isTrue();
            assertThat(exists(partition("job_attempt", days))).isTrue();
        }
        assertThat(exists(partition("job_history", 4))).isFalse();
        assertThat(count("SELECT count(*) FROM job_identity")).isEqualTo(1);
        assertThat(meters.get("muster.housekeeping.removed")
                        .tag("kind", "identities")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(meters.get("muster.housekeeping.partitions")
                        .tag("action", "made")
                        .counter()
                        .count())
                .isEqualTo(8);
        assertThat(meters.get("muster.housekeeping.partitions")
                        .tag("action", "dropped")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void a_deposed_leader_that_does_not_know_it_yet_sweeps_nothing() throws SQLException {
        makePartition(-40);
        identity("8 days");
        lead();
        execute("UPDATE leader_lease SET holder = 'another', epoch = epoch + 1");
        assertThat(leadership.epoch()).as("it still thinks that it leads").isPresent();

        steps();

        assertThat(exists(partition("job_history", -40))).isTrue();
        assertThat(exists(partition("job_history", 0))).isFalse();
        assertThat(count("SELECT count(*) FROM job_identity")).isEqualTo(1);
    }

    @Test
    void a_standby_does_nothing_and_begins_when_it_leads() throws SQLException {
        execute("INSERT INTO leader_lease VALUES ('coordinator', 'another', 7, now() + interval '1 hour')");
        leadership.start();

        steps();
        assertThat(exists(partition("job_history", 0))).isFalse();

        execute("DELETE FROM leader_lease");
        leadership.close();
        lead();
        loop.start();
        await().atMost(PATIENCE).until(() -> exists(partition("job_attempt", 3)));
    }

    @Test
    void a_lock_that_somebody_holds_puts_a_partition_off_and_not_the_rest() throws SQLException {
        makePartition(-40);
        execute("INSERT INTO relay_cursor VALUES ('events', '9000000000000000000', 0, 1)");
        identity("8 days");
        lead();
        try (Connection reader = connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM " + partition("job_history", -40));

            steps();

            assertThat(exists(partition("job_history", -40))).isTrue();
            assertThat(count("SELECT count(*) FROM job_identity")).isZero();
            reader.rollback();
        }
    }

    /** As the loop does, without its pauses; a failure is what the loop writes to its log. */
    private void steps() {
        for (int i = 0; i < STEPS; i++) {
            try {
                loop.runOnce();
            } catch (StoreException e) {
                assertThat(e.code()).isEqualTo(StoreException.Code.CONTENDED);
            }
        }
    }

    private void lead() {
        leadership.start();
        await().atMost(PATIENCE).until(() -> leadership.epoch().isPresent());
    }

    private String partition(String table, int days) {
        return table + "_" + today.plusDays(days).format(DateTimeFormatter.BASIC_ISO_DATE);
    }

    private void makePartition(int days) throws SQLException {
        execute("CREATE TABLE " + partition("job_history", days) + " PARTITION OF job_history FOR VALUES FROM ('"
                + today.plusDays(days) + "Z') TO ('" + today.plusDays(days + 1) + "Z')");
    }

    private void history(int days) throws SQLException {
        execute("INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, attempt, failures,"
                + " recoveries, submitted_at, claimed_at, settled_at) VALUES (gen_random_uuid(), 'q', 0, 0, 't',"
                + " 'succeeded', 1, 0, 0, now(), now(), '" + today.plusDays(days) + " 12:00:00Z')");
    }

    private void identity(String age) throws SQLException {
        execute("INSERT INTO queue (name, ordering, partitions, duplicate_window) VALUES ('q', 'none', 1, '7 days')"
                + " ON CONFLICT DO NOTHING");
        execute("INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash, seen_at)"
                + " VALUES (gen_random_uuid(), 'q', 0, 0, '', now() - interval '" + age + "')");
    }

    private boolean exists(String table) throws SQLException {
        return count("SELECT count(to_regclass('" + table + "'))") == 1;
    }

    private long count(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
        return connection;
    }
}
