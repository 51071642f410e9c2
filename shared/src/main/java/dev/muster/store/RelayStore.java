package dev.muster.store;

import dev.muster.job.JobId;
import dev.muster.store.IncidentStore.Incident;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The outbox that the relay reads, and how far it has come. Thread-safe. */
public final class RelayStore {
    private final Db db;

    public RelayStore(Database database) {
        this.db = new Db(database);
    }

    /** A place in the outbox: a transaction's id, then a sequence number within it. */
    public record Cursor(String xid, long seq) {}

    /** Where a job came from and, for a dead one, its bytes; null for all others. */
    public record Origin(
            int partition, long offset, byte @Nullable [] key, byte @Nullable [] payload, byte @Nullable [] headers) {}

    /** When the things of a run happened. */
    public record Times(
            @Nullable Instant submittedAt,
            @Nullable Instant startedAt,
            @Nullable Instant enteredAt,
            Instant at) {}

    /** The numbers of a job: which run, and what its budgets have seen. */
    public record Counts(
            int attempt,
            @Nullable Integer failures,
            @Nullable Integer recoveries) {}

    /** Why and with what a run ended. */
    public record Outcome(
            String name,
            @Nullable String reason,
            @Nullable String detail,
            @Nullable String result) {}

    /**
     * A row of the outbox: a job that became final, or a run that ended without that.
     *
     * @param origin of final ones only
     */
    public record Row(
            Cursor place,
            JobId jobId,
            String queue,
            String type,
            @Nullable String orderKey,
            Outcome outcome,
            Counts counts,
            @Nullable String incarnation,
            Times times,
            Optional<Origin> origin) {

        /** True when the job has its final state. */
        public boolean isFinal() {
            return origin.isPresent();
        }
    }

    /** What is to be told next, and whether there may be more after it. */
    public record Page(List<Row> rows, boolean isFull) {}

    /** The cursor, taken over for this epoch; empty when a later leader has it. */
    public Optional<Cursor> takeCursor(long epoch) {
        return db.first(
                "take the relay's cursor at epoch " + epoch,
                RelaySql.TAKE_CURSOR,
                statement -> statement.setLong(1, epoch),
                row -> new Cursor(row.getString("xid"), row.getLong("seq")));
    }

    /** Moves the cursor; false when a later leader has it. */
    public boolean moveCursor(Cursor to, long epoch) {
        return db.update("move the relay's cursor at epoch " + epoch, RelaySql.MOVE_CURSOR, statement -> {
                    statement.setString(1, to.xid());
                    statement.setLong(2, to.seq());
                    statement.setLong(3, epoch);
                })
                > 0;
    }

    /**
     * The next rows after the cursor, in commit order.
     *
     * @param limit rows, from 1
     * @param bytes from 1; of keys, payloads, headers and results. What takes the page to so many is its last row
     */
    public Page next(Cursor after, int limit, int bytes) {
        List<Sized> page = db.query(
                "read the outbox after " + after.xid() + "/" + after.seq(),
                RelaySql.NEXT,
                statement -> {
                    for (int first : new int[] {1, 4}) {
                        statement.setString(first, after.xid());
                        statement.setLong(first + 1, after.seq());
                        statement.setInt(first + 2, limit);
                    }
                    statement.setInt(7, limit);
                    statement.setInt(8, bytes);
                },
                row -> new Sized(row(row), row.getLong("bytes")));
        return new Page(
                page.stream().map(Sized::row).toList(),
                page.size() == limit || (!page.isEmpty() && page.getLast().bytes() >= bytes));
    }

    /** A row, and how many bytes it has with all before it. */
    private record Sized(Row row, long bytes) {}

    /** Incidents whose opening or end was not told yet, oldest first. */
    public List<Incident> nextIncidents(int limit) {
        return db.query(
                "read incidents to relay",
                RelaySql.NEXT_INCIDENTS,
                statement -> statement.setInt(1, limit),
                IncidentStore::incident);
    }

    /** Notes what was told of these incidents: as much as they show. */
    public void markRelayed(List<Incident> incidents) {
        Long[] ids = incidents.stream().map(Incident::id).toArray(Long[]::new);
        Short[] marks = incidents.stream()
                .map(incident -> incident.closedAt() == null ? (short) 1 : (short) 2)
                .toArray(Short[]::new);
        db.update("mark " + ids.length + " incidents as relayed", RelaySql.MARK_INCIDENTS, statement -> {
            statement.setArray(1, Db.array(statement, "bigint", ids));
            statement.setArray(2, Db.array(statement, "smallint", marks));
        });
    }

    private static Row row(ResultSet row) throws SQLException {
        Optional<Origin> origin = row.getBoolean("final")
                ? Optional.of(new Origin(
                        row.getInt("partition"),
                        row.getLong("record_offset"),
                        row.getBytes("record_key"),
                        row.getBytes("payload"),
                        row.getBytes("headers")))
                : Optional.empty();
        return new Row(
                new Cursor(row.getString("xid"), row.getLong("seq")),
                new JobId(row.getObject("job_id", UUID.class)),
                row.getString("queue"),
                row.getString("type"),
                row.getString("order_key"),
                new Outcome(
                        row.getString("outcome"),
                        row.getString("reason"),
                        row.getString("detail"),
                        row.getString("result")),
                new Counts(
                        row.getInt("attempt"),
                        row.getObject("failures", Integer.class),
                        row.getObject("recoveries", Integer.class)),
                row.getString("incarnation"),
                new Times(
                        Db.instant(row, "submitted_at"),
                        Db.instant(row, "started_at"),
                        Db.instant(row, "entered_at"),
                        Objects.requireNonNull(Db.instant(row, "at"), "at")),
                origin);
    }
}
