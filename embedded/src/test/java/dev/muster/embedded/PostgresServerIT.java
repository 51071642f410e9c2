package dev.muster.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresServerIT {
    private final PostgresServer server;

    PostgresServerIT(@TempDir Path folder) {
        server = new PostgresServer(PostgresServer.Config.in(folder));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @Test
    void is_durable_and_local() throws Exception {
        assertThat(value("SHOW fsync")).isEqualTo("on");
        assertThat(value("SHOW synchronous_commit")).isEqualTo("on");
        assertThat(value("SHOW listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(value("SHOW server_version")).startsWith("18");
    }

    @Test
    void keeps_committed_rows_and_its_port_across_a_kill() throws Exception {
        execute("CREATE TABLE t (x int)");
        execute("INSERT INTO t VALUES (42)");
        String url = server.jdbcUrl();

        server.killHard();
        assertThat(server.running()).isFalse();
        server.start();

        assertThat(server.jdbcUrl()).isEqualTo(url);
        assertThat(value("SELECT x FROM t")).isEqualTo("42");
    }

    @Test
    void restarts_after_only_the_postmaster_was_killed_while_a_backend_works() throws Exception {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            Thread working = Thread.ofVirtual().start(() -> {
                try {
                    statement.execute("SELECT count(*) FROM generate_series(1, 1000000000)");
                } catch (SQLException _) {
                    // The server is killed below it: that is the point.
                }
            });
            server.signal("KILL");
            assertThat(server.onExit().get(60, TimeUnit.SECONDS).code()).isEqualTo(137);

            server.start();

            assertThat(value("SELECT 1")).isEqualTo("1");
            working.join();
        }
    }

    @Test
    void a_second_server_on_the_same_folder_is_refused_until_the_first_stops(@TempDir Path folder) throws Exception {
        PostgresServer first = new PostgresServer(PostgresServer.Config.in(folder));
        PostgresServer second = new PostgresServer(new PostgresServer.Config(folder, 0, Map.of("work_mem", "8MB")));
        first.start();
        String url = first.jdbcUrl();

        assertThatThrownBy(second::start)
                .isInstanceOfSatisfying(
                        EmbeddedServerException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_FOLDER_IN_USE));
        first.stop();
        second.start();

        assertThat(second.jdbcUrl()).isEqualTo(url);
        assertThat(second.password()).isEqualTo(first.password());
        second.stop();
    }

    @Test
    void a_wrong_setting_is_reported_with_the_servers_own_words(@TempDir Path folder) {
        PostgresServer wrong = new PostgresServer(new PostgresServer.Config(folder, 0, Map.of("no_such", "1")));

        assertThatThrownBy(wrong::start)
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessageContaining("unrecognized configuration parameter \"no_such\"");
    }

    @Test
    void data_without_their_version_file_are_not_taken_for_an_empty_folder(@TempDir Path folder) throws Exception {
        PostgresServer spoiled = new PostgresServer(PostgresServer.Config.in(folder));
        spoiled.start();
        spoiled.stop();
        Files.delete(folder.resolve("postgres/PG_VERSION"));

        assertThatThrownBy(spoiled::start)
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessageContaining("is not a valid data directory");
        assertThat(folder.resolve("postgres/global/pg_control")).exists();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private String value(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            assertThat(row.next()).isTrue();
            return row.getString(1);
        }
    }
}
