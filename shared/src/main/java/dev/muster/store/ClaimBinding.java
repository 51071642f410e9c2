package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** A claim as the parameters of {@link OwnershipSql#CLAIM}: what it spans, then its records column by column. */
final class ClaimBinding {
    private ClaimBinding() {}

    static void bind(
            PreparedStatement statement, Incarnation me, Claim claim, List<String> shut, Map<String, Integer> groups)
            throws SQLException {
        List<Claim.Span> spans = claim.spans();
        Columns.partitions(
                statement, 1, me, spans.stream().map(Claim.Span::partition).toList());
        statement.setArray(5, Columns.of(statement, "bigint", spans, Claim.Span::from));
        statement.setArray(6, Columns.of(statement, "bigint", spans, Claim.Span::to));
        List<Claim.Entry> entries = claim.entries();
        statement.setArray(7, Columns.of(statement, "integer", entries, e -> e.span() + 1)); // SQL counts from 1
        statement.setArray(8, Columns.of(statement, "bigint", entries, Claim.Entry::offset));
        statement.setArray(9, Columns.of(statement, "uuid", entries, e -> e.id().value()));
        statement.setArray(
                10, Columns.of(statement, "uuid", entries, e -> e.positionId().value()));
        statement.setArray(11, Columns.of(statement, "text", entries, Claim.Entry::type));
        statement.setArray(
                12, Columns.sparse(statement, "text", entries, e -> e.orderKey().orElse(null)));
        statement.setArray(
                13,
                Columns.sparse(
                        statement,
                        "integer",
                        entries,
                        e -> e.terms().maxFailures().orElse(null)));
        statement.setArray(
                14,
                Columns.sparse(
                        statement,
                        "timestamptz",
                        entries,
                        e -> Columns.time(e.terms().runAt())));
        statement.setArray(
                15,
                Columns.sparse(
                        statement,
                        "timestamptz",
                        entries,
                        e -> Columns.time(e.terms().deadline())));
        statement.setArray(
                16,
                Columns.of(
                        statement,
                        "timestamptz",
                        entries,
                        e -> Db.timestamp(e.terms().submittedAt())));
        statement.setArray(
                17, Columns.sparse(statement, "bytea", entries, e -> e.bytes().key()));
        statement.setArray(
                18, Columns.of(statement, "bytea", entries, e -> e.bytes().value()));
        statement.setArray(
                19, Columns.sparse(statement, "bytea", entries, e -> e.bytes().headers()));
        statement.setArray(20, Columns.of(statement, "bytea", entries, Claim.Entry::payloadHash));
        statement.setArray(
                21,
                Columns.sparse(
                        statement,
                        "text",
                        entries,
                        e -> e.dead().map(Claim.Dead::reason).orElse(null)));
        statement.setArray(
                22,
                Columns.sparse(
                        statement,
                        "text",
                        entries,
                        e -> e.dead().map(Claim.Dead::detail).orElse(null)));
        statement.setArray(
                23,
                Columns.sparse(
                        statement, "text", entries, e -> e.terms().uniqueKey().orElse(null)));
        statement.setArray(
                24,
                Columns.sparse(
                        statement, "text", entries, e -> e.terms().limitKey().orElse(null)));
        statement.setArray(25, Columns.of(statement, "text", shut, type -> type));
        Columns.groups(statement, 26, groups);
    }
}
