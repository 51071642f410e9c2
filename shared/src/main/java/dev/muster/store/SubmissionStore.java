package dev.muster.store;

import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.core.type.TypeReference;

/**
 * The outbox of submissions: what was submitted with a transaction in Postgres and is not in Kafka yet. For the leader,
 * under its epoch. Thread-safe.
 */
public final class SubmissionStore {
    private static final TypeReference<Map<String, String>> ATTRIBUTES = new TypeReference<>() {};

    private final Db db;

    public SubmissionStore(Database database) {
        this.db = new Db(database);
    }

    /** A place in the outbox: a transaction's id, then a sequence number within it. */
    public record Place(String xid, long seq) {}

    /**
     * A submission that waits.
     *
     * @param isQueue there is such a queue
     */
    public record Waiting(Place place, String queue, Submission submission, Instant saidAt, boolean isQueue) {}

    /** A submission that Kafka would never take, and why. */
    public record Refusal(Place place, String why) {}

    /**
     * What a leader takes over.
     *
     * @param lastBatch the one that was on its way last, which may have arrived or not; empty: there never was one
     */
    public record TakenOver(Optional<UUID> lastBatch) {}

    /**
     * The leader of this epoch brings them from now on.
     *
     * @param maxBytes what is larger is refused where it is submitted
     * @return empty when a later leader does
     */
    public Optional<TakenOver> take(long epoch, int maxBytes) {
        return db.first(
                "take over the outbox of submissions at epoch " + epoch,
                SubmissionSql.TAKE,
                statement -> {
                    statement.setLong(1, epoch);
                    statement.setInt(2, maxBytes);
                    statement.setLong(3, epoch);
                },
                row -> new TakenOver(Optional.ofNullable(row.getObject("batch", UUID.class))));
    }

    /** The next ones in commit order, at most {@code limit}. */
    public List<Waiting> next(int limit) {
        return db.query(
                "read the outbox of submissions",
                SubmissionSql.NEXT,
                statement -> statement.setInt(1, limit),
                SubmissionStore::waiting);
    }

    /** Says which batch is about to be produced, by its last row; false when a later leader brings them. */
    public boolean prepare(long epoch, UUID batch, Place last) {
        return db.update("prepare a batch of submissions at epoch " + epoch, SubmissionSql.PREPARE, statement -> {
                    statement.setObject(1, batch);
                    statement.setString(2, last.xid());
                    statement.setLong(3, last.seq());
                    statement.setLong(4, epoch);
                })
                > 0;
    }

    /** Removes the rows of the batch, which is in Kafka; 0 when a later leader brings them, or they are gone already. */
    public int finish(long epoch, UUID batch) {
        return db.update("remove submissions that are in Kafka, at epoch " + epoch, SubmissionSql.FINISH, statement -> {
            statement.setLong(1, epoch);
            statement.setObject(2, batch);
        });
    }

    /** Sets submissions aside, for a human. */
    public int refuse(long epoch, List<Refusal> refusals) {
        return db.update("set " + refusals.size() + " submissions aside", SubmissionSql.REFUSE, statement -> {
            statement.setLong(1, epoch);
            statement.setArray(
                    2, Columns.of(statement, "text", refusals, r -> r.place().xid()));
            statement.setArray(
                    3, Columns.of(statement, "bigint", refusals, r -> r.place().seq()));
            statement.setArray(4, Columns.of(statement, "text", refusals, Refusal::why));
        });
    }

    private static Waiting waiting(ResultSet row) throws SQLException {
        return new Waiting(
                new Place(row.getString("xid"), row.getLong("seq")),
                row.getString("queue"),
                new Submission(
                        row.getString("source"),
                        row.getString("id"),
                        row.getString("type"),
                        Optional.ofNullable(row.getString("job_key")),
                        row.getString("data").getBytes(StandardCharsets.UTF_8),
                        Json.MAPPER.readValue(row.getString("attributes"), ATTRIBUTES)),
                row.getObject("said_at", OffsetDateTime.class).toInstant(),
                row.getBoolean("is_queue"));
    }
}
