package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Outcomes as the parameters of {@link OwnershipSql#SETTLE}: column by column, then the calls that were answered. */
final class SettleBinding {
    private SettleBinding() {}

    static void bind(
            PreparedStatement statement,
            Incarnation me,
            List<Outcome> outcomes,
            List<PartitionEpoch> keyed,
            List<String> holding,
            Groups groups)
            throws SQLException {
        List<UUID> closedJobs = new ArrayList<>();
        List<String> closedSteps = new ArrayList<>();
        List<Boolean> made = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            for (String step : outcome.closedSteps()) {
                closedJobs.add(outcome.id().value());
                closedSteps.add(step);
                made.add(!outcome.unmadeSteps().contains(step));
            }
        }
        statement.setString(1, me.id());
        statement.setArray(2, Columns.of(statement, "uuid", outcomes, o -> o.id().value()));
        statement.setArray(3, Columns.of(statement, "integer", outcomes, Outcome::attempt));
        boolean plain = outcomes.stream().allMatch(SettleBinding::isPlain);
        statement.setArray(
                4,
                Columns.of(
                        statement,
                        "text",
                        plain ? List.<Outcome>of() : outcomes,
                        o -> o.verdict().wireName()));
        statement.setArray(5, Columns.sparse(statement, "text", outcomes, o -> Columns.clean(o.reason())));
        statement.setArray(6, Columns.sparse(statement, "text", outcomes, o -> Columns.clean(o.detail())));
        statement.setArray(7, Columns.sparse(statement, "text", outcomes, o -> Columns.clean(o.result())));
        statement.setArray(
                8,
                Columns.sparse(
                        statement,
                        "bigint",
                        outcomes,
                        o -> o.delay().isZero() ? null : o.delay().toMillis()));
        statement.setArray(9, Columns.of(statement, "timestamptz", outcomes, o -> Columns.time(o.enteredAt())));
        statement.setArray(10, Columns.of(statement, "uuid", closedJobs, id -> id));
        statement.setArray(11, Columns.of(statement, "text", closedSteps, step -> step));
        statement.setArray(12, Columns.of(statement, "boolean", made, flag -> flag));
        statement.setArray(13, Columns.of(statement, "text", keyed, PartitionEpoch::queue));
        statement.setArray(14, Columns.of(statement, "integer", keyed, PartitionEpoch::partition));
        statement.setArray(15, Columns.of(statement, "integer", keyed, PartitionEpoch::epoch));
        statement.setString(16, FollowUpJson.of(outcomes).orElse(null));
        statement.setArray(17, Columns.of(statement, "text", holding, type -> type));
        statement.setBoolean(18, groups.any());
        Columns.groups(statement, 19, groups.most());
    }

    /** Where a settle's outcomes are all like this, it says so by giving no verdicts. */
    private static boolean isPlain(Outcome outcome) {
        return outcome.verdict() == Outcome.Verdict.SUCCEEDED
                && outcome.reason().isEmpty()
                && outcome.detail().isEmpty()
                && outcome.closedSteps().isEmpty()
                && outcome.followUps().isEmpty();
    }
}
