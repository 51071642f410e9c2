package dev.muster.store;

import dev.muster.protocol.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What went wrong and what was done about it. Append-only but for its end. Thread-safe. */
public final class IncidentStore {
    private final Db db;

    public IncidentStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * An incident.
     *
     * @param kind such as {@code worker_exited}
     * @param subject the incarnation, queue, partition or pool that it is about
     * @param summary what happened and what happens next, for a human
     * @param detail a JSON object
     */
    public record Incident(
            long id,
            String kind,
            String subject,
            String summary,
            String detail,
            Instant openedAt,
            @Nullable Instant closedAt,
            @Nullable Long epoch) {}

    /**
     * Records an incident.
     *
     * @param detail becomes its JSON object
     * @param epoch the leader's; 0 for a worker, which has none
     * @return its id; empty, with nothing recorded, when the epoch is the leader's no more
     */
    public Optional<Long> open(String kind, String subject, String summary, Map<String, ?> detail, long epoch) {
        return db.first(
                "record the incident " + kind + " of " + subject,
                IncidentSql.OPEN,
                statement -> {
                    statement.setString(1, kind);
                    statement.setString(2, subject);
                    statement.setString(3, summary);
                    statement.setString(4, json(detail));
                    statement.setLong(5, epoch);
                },
                row -> row.getObject("id", Long.class));
    }

    /** Records the end of an incident; {@code detail} joins what it had. An ended one stays as it is. */
    public void close(long id, Map<String, ?> detail) {
        db.update("close incident " + id, IncidentSql.CLOSE, statement -> {
            statement.setString(1, json(detail));
            statement.setLong(2, id);
        });
    }

    /** Those of these that are closed. */
    public Set<Long> closed(Set<Long> ids) {
        return Set.copyOf(db.query(
                "read which incidents are closed",
                IncidentSql.CLOSED,
                statement -> statement.setArray(1, Db.array(statement, "bigint", ids.toArray())),
                row -> row.getLong("id")));
    }

    /** The newest ones, newest first. */
    public List<Incident> recent(int limit) {
        return db.query(
                "read incidents", IncidentSql.RECENT, statement -> statement.setInt(1, limit), IncidentStore::incident);
    }

    static Incident incident(ResultSet row) throws SQLException {
        return new Incident(
                row.getLong("id"),
                row.getString("kind"),
                row.getString("subject"),
                row.getString("summary"),
                row.getString("detail"),
                Objects.requireNonNull(Db.instant(row, "opened_at"), "opened_at"),
                Db.instant(row, "closed_at"),
                row.getObject("epoch", Long.class));
    }

    /** Postgres' text and jsonb take no zero character, which a log line may have. */
    static String json(Map<String, ?> detail) {
        return Json.MAPPER.writeValueAsString(detail).replace("\\u0000", "\\ufffd");
    }
}
