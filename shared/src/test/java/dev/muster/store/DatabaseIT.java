package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.wire.TcpProxy;
import dev.muster.embedded.wire.Wire;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a connection does where Postgres does not answer. */
@ExtendWith(EmbeddedServers.class)
final class DatabaseIT {
    /** The driver passes over a limit that it can't read, without a word. */
    @Test
    void each_connection_has_its_limit(PostgresDatabase postgres) throws SQLException {
        Settings settings = settings(postgres, postgres.jdbcUrl());
        try (Database lanes = Database.open(settings, "test", 1, Optional.empty());
                Database looks = Database.impatient(settings, "test", 1);
                Connection lane = lanes.connection();
                Connection look = looks.connection()) {
            assertThat(lane.getNetworkTimeout()).isEqualTo(12_000);
            assertThat(look.getNetworkTimeout()).isEqualTo(2_000);
        }
    }

    @Test
    @Timeout(30)
    void an_answer_that_a_cut_wire_has_swallowed_is_given_up(PostgresDatabase postgres) throws SQLException {
        URI direct = URI.create(postgres.jdbcUrl().substring("jdbc:".length()));
        try (TcpProxy wire = new TcpProxy(direct::getPort, InstantSource.system());
                Database looks = Database.impatient(
                        settings(postgres, "jdbc:postgresql://127.0.0.1:" + wire.port() + direct.getPath()),
                        "test",
                        1);
                Connection connection = looks.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
            wire.set(new Wire.Drop());

            assertThatThrownBy(() -> statement.execute("SELECT 2")).isInstanceOf(SQLException.class);
        }
    }

    @Test
    @Timeout(30)
    void a_pool_whose_first_connection_breaks_in_its_first_question_has_others(PostgresDatabase postgres)
            throws Exception {
        URI direct = URI.create(postgres.jdbcUrl().substring("jdbc:".length()));
        try (BreaksOnce wire = new BreaksOnce(direct.getPort(), "ISOLATION");
                Database database = Database.open(
                        settings(postgres, "jdbc:postgresql://127.0.0.1:" + wire.port() + direct.getPath()),
                        "test",
                        1,
                        Optional.empty())) {
            await().atMost(Duration.ofSeconds(25)).ignoreExceptions().untilAsserted(() -> {
                try (Connection connection = database.connection()) {
                    assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
                }
            });
            assertThat(wire.hasBroken()).isTrue();
        }
    }

    private static Settings settings(PostgresDatabase postgres, String url) {
        return Settings.of(Map.of(
                "muster.postgres.url",
                url,
                "muster.postgres.user",
                postgres.user(),
                "muster.postgres.password",
                postgres.password()));
    }
}
