package dev.muster.store;

import static java.util.Objects.requireNonNull;

import dev.muster.job.JobId;
import dev.muster.store.IncidentStore.Incident;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The outbox that the relay reads, and how far it has come. Thread-safe. */
public final class RelayStore {
    /** Up to so many bytes a result comes with its row. */
    private static final int SHORT_RESULT = 256;

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

        /** True when that is the one that has a dead letter. */
        public boolean isDead() {
            return isFinal() && outcome.name().equals("dead");
        }

        private Row with(Bytes bytes) {
            return new Row(
                    place,
                    jobId,
                    queue,
                    type,
                    orderKey,
                    new Outcome(outcome.name(), outcome.reason(), outcome.detail(), bytes.result()),
                    counts,
                    incarnation,
                    times,
                    origin.map(from -> new Origin(
                            from.partition(), from.offset(), bytes.key(), bytes.payload(), bytes.headers())));
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
        List<Sized> found = db.query(
                "read the outbox after " + after.xid() + "/" + after.seq(),
                RelaySql.NEXT,
                statement -> {
                    statement.setInt(1, SHORT_RESULT);
                    for (int first : new int[] {2, 5}) {
                        statement.setString(first, after.xid());
                        statement.setLong(first + 1, after.seq());
                        statement.setInt(first + 2, limit);
                    }
                    statement.setInt(8, limit);
                },
                RelayStore::sized);
        long sum = 0;
        int size = 0;
        while (size < found.size() && sum < bytes) {
            sum += found.get(size++).bytes();
        }
        return new Page(whole(found.subList(0, size)), size == limit || sum >= bytes);
    }

    /** Fetches what the rows lack. They stay where they are until they are told. */
    private List<Row> whole(List<Sized> page) {
        List<Row> lacking =
                page.stream().filter(Sized::lacksBytes).map(Sized::row).toList();
        if (lacking.isEmpty()) {
            return page.stream().map(Sized::row).toList();
        }
        List<Instant> times =
                lacking.stream().map(row -> row.times().at()).sorted().toList();
        Map<Long, Bytes> fetched = new HashMap<>();
        db.query(
                "read the bytes of " + lacking.size() + " jobs in the outbox",
                RelaySql.MORE,
                statement -> {
                    statement.setArray(
                            1,
                            Columns.of(
                                    statement,
                                    "text",
                                    lacking,
                                    row -> row.place().xid()));
                    statement.setArray(
                            2,
                            Columns.of(
                                    statement,
                                    "bigint",
                                    lacking,
                                    row -> row.place().seq()));
                    statement.setObject(3, Db.timestamp(times.getFirst()));
                    statement.setObject(4, Db.timestamp(times.getLast()));
                },
                row -> fetched.put(
                        row.getLong("seq"),
                        new Bytes(
                                row.getString("result"),
                                row.getBytes("record_key"),
                                row.getBytes("payload"),
                                row.getBytes("headers"))));
        return page.stream()
                .map(sized -> sized.lacksBytes()
                        ? sized.row()
                                .with(requireNonNull(
                                        fetched.get(sized.row().place().seq()), "a row has gone"))
                        : sized.row())
                .toList();
    }

    /** A row as it is found first, and how many bytes it has in truth. */
    private record Sized(Row row, long bytes) {
        boolean lacksBytes() {
            return row.isDead() || (bytes > 0 && row.outcome().result() == null);
        }
    }

    /** What may be long of a row. */
    private record Bytes(
            @Nullable String result, byte @Nullable [] key, byte @Nullable [] payload, byte @Nullable [] headers) {}

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

    /** By position, in the order of {@link RelaySql#NEXT}: this is read for each job. */
    private static Sized sized(ResultSet row) throws SQLException {
        int partition = row.getInt(19);
        Optional<Origin> origin = row.wasNull()
                ? Optional.empty()
                : Optional.of(new Origin(partition, row.getLong(20), null, null, null));
        return new Sized(
                new Row(
                        new Cursor(row.getString(1), row.getLong(2)),
                        new JobId(row.getObject(3, UUID.class)),
                        row.getString(4),
                        row.getString(5),
                        row.getString(6),
                        new Outcome(row.getString(7), row.getString(8), row.getString(9), row.getString(10)),
                        new Counts(row.getInt(11), row.getObject(12, Integer.class), row.getObject(13, Integer.class)),
                        row.getString(14),
                        new Times(
                                Db.instant(row, 15),
                                Db.instant(row, 16),
                                Db.instant(row, 17),
                                requireNonNull(Db.instant(row, 18), "at")),
                        origin),
                row.getLong(21));
    }
}
