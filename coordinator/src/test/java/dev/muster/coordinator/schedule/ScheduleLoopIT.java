package dev.muster.coordinator.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Settings;
import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two coordinators' processes over one Postgres, killed while they fire. */
@ExtendWith(EmbeddedServers.class)
class ScheduleLoopIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int ROUNDS = 4;
    private static final int SCHEDULES = 250; // more than go into one statement
    private static final Duration LATE = Duration.ofMinutes(30);

    @TempDir
    private Path folder = Path.of("");

    private final PostgresDatabase postgres;
    private final Settings settings;
    private final Database database;
    private final List<ChildProcess> processes = new ArrayList<>();

    ScheduleLoopIT(PostgresDatabase postgres) {
        this.postgres = postgres;
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password()));
        Migrations.migrate(settings);
        this.database = Database.open(settings, "test", 2, Optional.empty());
        new QueueStore(database).create(new Queue("q", Ordering.NONE, "default", 8, Optional.empty(), false));
    }

    @AfterEach
    void stop() {
        processes.forEach(ChildProcess::killHard);
        database.close();
    }

    @Test
    void each_time_fires_exactly_once_while_coordinators_are_killed() {
        Map<String, ChildProcess> live = new HashMap<>();
        for (String name : List.of("a", "b")) {
            live.put(name, start(name));
        }
        for (int round = 0; round < ROUNDS; round++) {
            late("r" + round + "-", SCHEDULES);
            long moved = (long) round * SCHEDULES;
            // Some have fired, others are under way or still to come: now the leader dies.
            await().atMost(PATIENCE)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> count("SELECT count(*) FROM schedule WHERE next_fire_at > created_at") > moved);
            String leader = text("SELECT holder FROM leader_lease WHERE name = 'coordinator'");
            kill(leader, live);
            live.put("round-" + round, start("round-" + round));
            await().atMost(PATIENCE)
                    .until(() -> count("SELECT count(*) FROM schedule WHERE next_fire_at <= created_at") == 0);
        }
        stopAll();

        long expected = expected();
        assertThat(expected).isGreaterThan((long) ROUNDS * SCHEDULES * LATE.toMinutes());
        assertThat(count("SELECT count(*) FROM schedule_firing")).isEqualTo(expected);
        assertThat(count("SELECT count(DISTINCT job_id) FROM schedule_firing")).isEqualTo(expected);
        assertThat(count("SELECT count(*) FROM job_waiting WHERE state = 'scheduled'"))
                .isEqualTo(expected);
        assertThat(count("SELECT count(*) FROM job_waiting w JOIN schedule_firing f USING (job_id)"))
                .isEqualTo(expected);
        // Each round but the first needed a leader after the one that was killed in the round before.
        assertThat(count("SELECT max(epoch) FROM leader_lease")).as("leaders").isGreaterThanOrEqualTo(ROUNDS);
    }

    @Test
    void a_coordinator_that_dies_within_its_statement_has_fired_all_of_it_or_nothing() throws Exception {
        late("held-", 3);
        try (Connection holder = connect();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("SELECT FROM schedule WHERE name = 'held-1' FOR UPDATE");
            ChildProcess first = start("first");
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> count("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'first' "
                                    + "AND wait_event_type = 'Lock' AND query LIKE '%fire_schedules%'")
                            > 0);
            first.killHard();
            holder.rollback();
        }
        start("second");

        await().atMost(PATIENCE)
                .until(() -> count("SELECT count(*) FROM schedule WHERE next_fire_at <= created_at") == 0);
        stopAll();

        long expected = expected();
        assertThat(expected).isGreaterThan(3 * LATE.toMinutes());
        assertThat(count("SELECT count(*) FROM schedule_firing")).isEqualTo(expected);
        assertThat(count("SELECT count(*) FROM job_waiting w JOIN schedule_firing f USING (job_id)"))
                .isEqualTo(expected);
    }

    /** Schedules of every minute that were due half an hour ago, as after an outage; all of them there at once. */
    private void late(String prefix, int count) {
        execute("INSERT INTO schedule (name, queue, type, payload, cron, zone, missed, next_fire_at) SELECT '" + prefix
                + "' || i, 'q', 'test', '{}', '* * * * *', 'UTC', 'all', date_trunc('minute', now()) - interval '"
                + LATE.toMinutes() + " minutes' FROM generate_series(1, " + count + ") i");
    }

    /** Every minute from the first due one to the next is one time. */
    private long expected() {
        return count("SELECT sum(extract(epoch FROM next_fire_at - date_trunc('minute', created_at)) / 60 + "
                + LATE.toMinutes() + ") FROM schedule");
    }

    private static void kill(String leader, Map<String, ChildProcess> live) {
        ChildProcess process = live.remove(leader);
        if (process != null) {
            process.killHard();
        }
    }

    private ChildProcess start(String name) {
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", ScheduleRunner.class.getName(), name));
        ChildProcess.Spec spec = ChildProcess.Spec.of(command, folder.resolve(name + "-" + processes.size() + ".log"));
        ChildProcess process = ChildProcess.start(new ChildProcess.Spec(
                spec.command(), settings.asEnvironment(), spec.output(), spec.account(), spec.onParentDeath()));
        processes.add(process);
        return process;
    }

    /** A statement whose client was killed may still be under way: what it does is done before anything is counted. */
    private void stopAll() {
        processes.forEach(ChildProcess::killHard);
        await().atMost(PATIENCE)
                .until(() -> count("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%fire_schedules%' "
                                + "AND state = 'active' AND pid <> pg_backend_pid()")
                        == 0);
    }

    private Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
        return connection;
    }

    private void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private long count(String sql) {
        return Math.round(Double.parseDouble(text(sql)));
    }

    private String text(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
