package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobState;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The states in Java and those that Postgres admits are the same. */
@ExtendWith(EmbeddedServers.class)
final class JobStateIT {
    private static final Pattern LITERAL = Pattern.compile("'([a-z]+)'");

    @Test
    void postgres_admits_the_states_of_the_enum_and_no_others(PostgresDatabase postgres) throws SQLException {
        try (OwnershipFixture db = new OwnershipFixture(postgres)) {
            assertThat(admitted(db, "job_history")).isEqualTo(names(JobState::isFinal));
            assertThat(admitted(db, "job_waiting"))
                    .isEqualTo(names(state -> !state.isFinal() && state != JobState.RUNNING));
        }
    }

    private static Set<String> names(Predicate<JobState> which) {
        return EnumSet.allOf(JobState.class).stream()
                .filter(which)
                .map(JobState::wireName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The literals of the CHECK constraint on a table's column {@code state}. */
    private static Set<String> admitted(OwnershipFixture db, String table) throws SQLException {
        Set<String> states = new TreeSet<>();
        try (Connection connection = db.connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                        + " WHERE contype = 'c' AND conrelid = '" + table + "'::regclass")) {
            while (rows.next()) {
                String definition = rows.getString(1);
                if (Arrays.asList(definition.split("[^a-z_]+")).contains("state")) {
                    Matcher literal = LITERAL.matcher(definition);
                    while (literal.find()) {
                        states.add(literal.group(1));
                    }
                }
            }
        }
        return states;
    }
}
