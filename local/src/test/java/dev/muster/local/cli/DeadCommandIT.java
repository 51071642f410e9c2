package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code muster dead …} as a person types it. */
@ExtendWith(EmbeddedServers.class)
class DeadCommandIT {
    private static final String ID = "0b8c5e9e-1111-8bbb-8ccc-00000000000";

    @TempDir
    private Path folder = Path.of("");

    private final PostgresDatabase postgres;

    DeadCommandIT(PostgresDatabase postgres) {
        this.postgres = postgres;
    }

    /** What a command has said. */
    private record Said(int code, String out, String err) {}

    @Test
    void dead_letters_are_seen_and_redriven() throws Exception {
        prepare();

        Said groups = muster("groups");
        assertThat(groups.out().lines().toList().get(1)).contains("3").contains("java.io.IOException: no route to ?");
        String group = groups.out().lines().toList().get(1).substring(0, 16);
        assertThat(muster("list", "--group", group, "--since", "2h").out().lines())
                .hasSize(4);
        assertThat(muster("show", ID + "1").out())
                .contains("java.io.IOException: no route to 10.0.0.1")
                .contains("{\"amount\":1}");

        Said asked = muster("redrive", "--group", group);
        assertThat(asked.code()).isEqualTo(1);
        assertThat(asked.out()).contains("3 would run again");
        assertThat(asked.err()).contains("--yes");
        assertThat(count("SELECT count(*) FROM job_waiting")).isZero();
        assertThat(muster("redrive", "--group", group, "--dry-run").code()).isZero();

        assertThat(muster("redrive", ID + "1", "--data", "{\"amount\":2}", "--yes")
                        .out())
                .contains("1 redriven");
        assertThat(muster("redrive", "--queue", "bills", "--rate", "10/s", "--yes")
                        .out())
                .contains("2 redriven");
        assertThat(muster("redrive", "--queue", "bills", "--yes").out()).contains("no dead letter matches");
        assertThat(count("SELECT count(*) FROM job_waiting WHERE state = 'scheduled'"))
                .isEqualTo(3);
        assertThat(muster("show", ID + "1").err()).contains("muster jobs show " + ID + "1");
        assertThat(count("SELECT count(*) FROM redrive WHERE redriven_by LIKE 'cli %'"))
                .isEqualTo(3);

        assertThat(muster("redrive", "--yes").code()).isEqualTo(2);
        assertThat(muster("redrive", "--queue", "bills", "--rate", "fast").code())
                .isEqualTo(2);
        assertThat(muster("redrive", "nonsense").code()).isEqualTo(2);
    }

    private void prepare() throws IOException, SQLException {
        Files.writeString(
                folder.resolve("muster.properties"),
                "muster.postgres.url=" + postgres.jdbcUrl() + "\nmuster.postgres.user=" + postgres.user()
                        + "\nmuster.postgres.password=" + postgres.password() + "\n");
        Settings settings = Settings.load(folder.resolve("muster.properties"), Map.of(), Map.of());
        Migrations.migrate(settings);
        try (Database database = Database.open(settings, "test", 1, Optional.empty())) {
            new QueueStore(database).create(new Queue("bills", Ordering.NONE, "default", 4, Optional.empty(), false));
        }
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, reason, detail, attempt,
                        failures, recoveries, submitted_at, claimed_at, payload)
                    SELECT ('0b8c5e9e-1111-8bbb-8ccc-00000000000' || i)::uuid, 'bills', 0, i, 'bill', 'dead', 'gave up',
                        'java.io.IOException: no route to 10.0.0.' || i, 1, 1, 0, now(), now(),
                        convert_to('{"amount":' || i || '}', 'UTF8')
                    FROM generate_series(1, 3) i""");
        }
    }

    private Said muster(String... words) {
        List<String> args = new ArrayList<>(List.of("dead"));
        args.addAll(List.of(words));
        args.addAll(List.of(
                "--config",
                folder.resolve("muster.properties").toString(),
                "--folder",
                folder.resolve("none").toString()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = MusterCommand.run(
                args.toArray(String[]::new),
                new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), false));
        return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
    }

    private long count(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
        return connection;
    }
}
