package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobState;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every statement of the store, prepared against the migrated schema: a misspelt column fails the build. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SqlIT {
    private static final Pattern QUOTED = Pattern.compile("'([a-z_]+)'");

    private final Connection connection;

    SqlIT(PostgresDatabase postgres) throws SQLException {
        Migrations.migrate(Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password())));
        this.connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
    }

    @AfterAll
    void close() throws SQLException {
        connection.close();
    }

    /** A constant of a {@code *Sql} class. */
    record Statement(String name, String sql) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Statement> statements() throws IOException, ReflectiveOperationException {
        List<Statement> statements = new ArrayList<>();
        Path classes = Path.of("target/classes/dev/muster/store");
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file : files.filter(f -> f.toString().endsWith("Sql.class"))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString().replace(".class", "");
                for (Field field : Class.forName("dev.muster.store." + name).getDeclaredFields()) {
                    if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
                        field.setAccessible(true);
                        statements.add(new Statement(name + "." + field.getName(), String.valueOf(field.get(null))));
                    }
                }
            }
        }
        return statements.stream();
    }

    @Test
    void statements_are_found() throws IOException, ReflectiveOperationException {
        assertThat(statements())
                .hasSizeGreaterThan(20)
                .extracting(Statement::name)
                .contains("OwnershipSql.CLAIM", "QueueSql.LIST");
    }

    @ParameterizedTest
    @MethodSource("statements")
    void statement_fits_the_schema(Statement statement) {
        assertThatCode(() -> prepare(statement.sql())).as(statement.name()).doesNotThrowAnyException();
    }

    @Test
    void misspelt_statement_is_found() {
        assertThatThrownBy(() -> prepare("SELECT nam FROM queue WHERE name = ?"))
                .isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> prepare("SELECT * FROM claim(?, ?)")).isInstanceOf(SQLException.class);
    }

    @Test
    void constraints_know_the_states_of_the_code() throws SQLException {
        Set<String> waiting = states("job_waiting");
        Set<String> history = states("job_history");
        Set<String> all = new HashSet<>(waiting);
        all.addAll(history);
        all.add(JobState.RUNNING.wireName()); // which has a table of its own

        assertThat(all).isEqualTo(names(Arrays.stream(JobState.values())));
        assertThat(history).isEqualTo(names(Arrays.stream(JobState.values()).filter(JobState::isFinal)));
        assertThat(waiting).doesNotContainAnyElementsOf(history).doesNotContain(JobState.RUNNING.wireName());
    }

    /** Has Postgres parse and analyse the statement, without running it. */
    private void prepare(String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.getMetaData();
            statement.getParameterMetaData();
        }
    }

    private Set<String> states(String table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                        SELECT pg_get_constraintdef(oid)
                        FROM pg_constraint
                        WHERE conrelid = ?::regclass AND contype = 'c' AND conname = ?""")) {
            statement.setString(1, table);
            statement.setString(2, table + "_state_check");
            try (ResultSet rows = statement.executeQuery()) {
                assertThat(rows.next()).as("a CHECK of %s.state", table).isTrue();
                return QUOTED.matcher(rows.getString(1))
                        .results()
                        .map(match -> match.group(1))
                        .collect(Collectors.toSet());
            }
        }
    }

    private static Set<String> names(Stream<JobState> states) {
        return states.map(JobState::wireName).collect(Collectors.toSet());
    }
}
