package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(EmbeddedServers.class)
class MigrationsIT {

    /** Should Flyway count otherwise one day, this fails, and coordinators ask Flyway at each start as before. */
    @Test
    void a_schema_is_known_to_be_current_without_flyway(PostgresDatabase postgres) throws SQLException {
        Settings settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password()));
        try (Database database = Database.open(settings, "test", 1, Optional.empty())) {
            assertThat(Migrations.areApplied(database)).as("an empty database").isFalse();

            assertThat(Migrations.migrate(settings)).isPositive();
            assertThat(Migrations.areApplied(database)).isTrue();

            change(postgres, "UPDATE flyway_schema_history SET checksum = checksum + 1 WHERE version = '001'");
            assertThat(Migrations.areApplied(database)).as("another first one").isFalse();

            change(postgres, "UPDATE flyway_schema_history SET checksum = checksum - 1 WHERE version = '001'");
            change(
                    postgres,
                    "INSERT INTO flyway_schema_history SELECT 999, '999', description, type, 'V999__later.sql',"
                            + " checksum, installed_by, installed_on, execution_time, success"
                            + " FROM flyway_schema_history WHERE version = '001'");
            assertThat(Migrations.areApplied(database))
                    .as("one of a later release")
                    .isFalse();

            change(postgres, "DELETE FROM flyway_schema_history WHERE version IN ('999', '002')");
            assertThat(Migrations.areApplied(database)).as("one is missing").isFalse();
        }
    }

    private static void change(PostgresDatabase postgres, String sql) throws SQLException {
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement()) {
            connection.setSchema(Migrations.SCHEMA);
            assertThat(statement.executeUpdate(sql)).isPositive();
        }
    }
}
