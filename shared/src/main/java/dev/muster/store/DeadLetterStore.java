package dev.muster.store;

import static java.util.Objects.requireNonNull;

import dev.muster.job.JobId;
import dev.muster.protocol.StoredRecord;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Dead letters, and the statement that redrives them. Every method throws {@link StoreException}. Thread-safe. */
public final class DeadLetterStore {
    /** No list is longer. */
    public static final int MAX_LIMIT = 1_000;

    private final Db db;

    public DeadLetterStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * Which dead letters; what is empty restricts nothing.
     *
     * @param group a fingerprint
     * @param since those that died then or later
     */
    public record Filter(
            List<JobId> ids,
            Optional<String> group,
            Optional<String> queue,
            Optional<String> type,
            Optional<Instant> since) {
        public Filter {
            ids = List.copyOf(ids);
        }

        public static Filter of(List<JobId> ids) {
            return new Filter(ids, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        }

        /** True where nothing but a time restricts it. */
        public boolean isEverything() {
            return ids.isEmpty() && group.isEmpty() && queue.isEmpty() && type.isEmpty();
        }
    }

    /** A row of the history. */
    record Place(JobId id, long seq) {}

    /** A letter with its bytes. */
    public record Kept(DeadLetter letter, StoredRecord record) {}

    /**
     * A call to the outside that a job has made, or was about to make.
     *
     * @param closed when it was answered; empty: nobody knows what it came to
     */
    public record Call(String step, String idempotencyKey, Instant opened, Optional<Instant> closed) {}

    /**
     * A redrive that was done.
     *
     * @param as the job it became: the same one, unless the record was no job before
     * @param keyVersion of the idempotency keys of its calls since
     * @param edited whether its payload was replaced; the one before is in the table {@code redrive}
     */
    public record Past(JobId as, UUID batch, String by, Instant at, int keyVersion, boolean edited) {}

    /** Groups with the most letters first. */
    public List<DeadLetterGroup> groups(Optional<String> queue, Optional<String> type, int limit) {
        check(limit);
        return db.query(
                "group dead letters",
                DeadLetterSql.GROUPS,
                statement -> {
                    int at = text(statement, 1, queue);
                    at = text(statement, at, type);
                    statement.setInt(at, limit);
                },
                row -> new DeadLetterGroup(
                        row.getString("fingerprint"),
                        row.getString("type"),
                        row.getString("cause"),
                        texts(row, "queues"),
                        row.getLong("letters"),
                        row.getLong("keys"),
                        time(row, "first_at"),
                        time(row, "last_at"),
                        id(row, "job_id")));
    }

    /** Those that died last first. */
    public List<DeadLetter> list(Filter filter, int limit) {
        check(limit);
        return db.query(
                "list dead letters",
                DeadLetterSql.LIST,
                statement -> statement.setInt(bind(statement, filter), limit),
                DeadLetterStore::letter);
    }

    /** The latest dead letter of a job, if there is one that nobody has redriven. */
    public Optional<Kept> find(JobId id) {
        return db.first(
                "find the dead letter of job " + id,
                DeadLetterSql.FIND,
                statement -> statement.setObject(1, id.value()),
                DeadLetterStore::kept);
    }

    /** The calls of a job, in the order in which they were begun. */
    public List<Call> calls(JobId id) {
        return db.query(
                "read the calls of job " + id,
                DeadLetterSql.CALLS,
                statement -> statement.setObject(1, id.value()),
                row -> new Call(
                        row.getString("step"),
                        row.getString("idempotency_key"),
                        time(row, "opened_at"),
                        Optional.ofNullable(Db.instant(row, "closed_at"))));
    }

    /** When a job was redriven, and by whom, oldest first. */
    public List<Past> redrives(JobId id) {
        return db.query(
                "read the redrives of job " + id,
                DeadLetterSql.REDRIVES,
                statement -> {
                    statement.setObject(1, id.value());
                    statement.setObject(2, id.value());
                },
                row -> new Past(
                        id(row, "redriven_as"),
                        row.getObject("batch", UUID.class),
                        row.getString("redriven_by"),
                        time(row, "redriven_at"),
                        row.getInt("key_version"),
                        row.getBoolean("edited")));
    }

    /** Postgres' clock, which all times of dead letters are by. */
    public Instant now() {
        return db.query("read the clock", DeadLetterSql.NOW, statement -> {}, row -> time(row, "now"))
                .getFirst();
    }

    /** Letters that died before a time, in the order in which they are redriven. */
    List<Place> ordered(Filter filter, Instant before, int limit) {
        return db.query(
                "find dead letters",
                DeadLetterSql.ORDERED,
                statement -> {
                    int at = bind(statement, filter);
                    statement.setObject(at++, Db.timestamp(before));
                    statement.setInt(at, limit);
                },
                row -> new Place(id(row, "job_id"), row.getLong("seq")));
    }

    /** Those of these letters that nobody has redriven meanwhile, with their bytes. */
    List<Kept> page(List<Place> places) {
        return db.query(
                "read " + places.size() + " dead letters",
                DeadLetterSql.PAGE,
                statement -> {
                    statement.setArray(
                            1,
                            Columns.of(
                                    statement,
                                    "uuid",
                                    places,
                                    place -> place.id().value()));
                    statement.setArray(2, Columns.of(statement, "bigint", places, Place::seq));
                },
                DeadLetterStore::kept);
    }

    /**
     * A letter as it is to be redriven.
     *
     * @param due when the job is due
     * @param asJob of one that was no job: what it is admitted as
     * @param payload of an edited one
     * @param kin what tells it from other jobs and binds it to them
     */
    record Letter(
            DeadLetter dead,
            JobId target,
            Instant due,
            Optional<Integer> maxFailures,
            Optional<Instant> deadline,
            Optional<AsJob> asJob,
            Optional<byte[]> payload,
            Kin kin) {}

    /**
     * How a job stands to others.
     *
     * @param identity of one that was a job: the hash by which its submission is recognised
     */
    record Kin(Optional<byte[]> identity, Optional<String> uniqueKey, Optional<String> limitKey) {
        static final Kin NONE = new Kin(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** What a record is admitted as that was no job when it came. */
    record AsJob(String type, Optional<String> orderKey, byte[] payloadHash) {}

    /** Redrives letters, all in one statement. One verdict per letter, in their order. */
    List<RedriveVerdict> redrive(RedriveOrder order, UUID batch, int limit, List<Letter> letters) {
        @Nullable RedriveVerdict[] verdicts = new @Nullable RedriveVerdict[letters.size()];
        db.query(
                "redrive " + letters.size() + " dead letters",
                DeadLetterSql.REDRIVE,
                statement -> {
                    statement.setBoolean(1, order.dryRun());
                    statement.setObject(2, batch);
                    statement.setString(3, order.by());
                    statement.setInt(4, limit);
                    statement.setBoolean(5, order.force());
                    statement.setBoolean(
                            6,
                            order.edit().map(RedriveOrder.Edit::nothingHappened).orElse(false));
                    bind(statement, letters);
                },
                row -> {
                    RedriveVerdict verdict = RedriveVerdict.parse(row.getString("verdict"));
                    verdicts[row.getInt("ix") - 1] = verdict; // SQL counts from 1
                    return verdict;
                });
        List<RedriveVerdict> answer = new ArrayList<>(verdicts.length);
        for (RedriveVerdict verdict : verdicts) {
            answer.add(requireNonNull(verdict, "redrive() left a letter without a verdict"));
        }
        return answer;
    }

    private static void bind(PreparedStatement statement, List<Letter> letters) throws SQLException {
        statement.setArray(
                7, Columns.of(statement, "uuid", letters, l -> l.dead().id().value()));
        statement.setArray(
                8, Columns.of(statement, "bigint", letters, l -> l.dead().seq()));
        statement.setArray(
                9, Columns.of(statement, "uuid", letters, l -> l.target().value()));
        statement.setArray(10, Columns.of(statement, "timestamptz", letters, l -> Db.timestamp(l.due())));
        statement.setArray(
                11,
                Columns.of(statement, "integer", letters, l -> l.maxFailures().orElse(null)));
        statement.setArray(
                12,
                Columns.of(
                        statement,
                        "timestamptz",
                        letters,
                        l -> Db.timestamp(l.deadline().orElse(null))));
        statement.setArray(
                13,
                Columns.of(
                        statement,
                        "text",
                        letters,
                        l -> l.asJob().map(AsJob::type).orElse(null)));
        statement.setArray(
                14,
                Columns.of(
                        statement,
                        "text",
                        letters,
                        l -> l.asJob().flatMap(AsJob::orderKey).orElse(null)));
        statement.setArray(
                15,
                Columns.of(
                        statement,
                        "bytea",
                        letters,
                        l -> l.asJob().map(AsJob::payloadHash).orElse(null)));
        statement.setArray(
                16, Columns.of(statement, "bytea", letters, l -> l.payload().orElse(null)));
        statement.setArray(
                17,
                Columns.of(statement, "bytea", letters, l -> l.kin().identity().orElse(null)));
        statement.setArray(
                18,
                Columns.of(statement, "text", letters, l -> l.kin().uniqueKey().orElse(null)));
        statement.setArray(
                19,
                Columns.of(statement, "text", letters, l -> l.kin().limitKey().orElse(null)));
    }

    /** Binds the filter from the first parameter on; the number of the next one. */
    private static int bind(PreparedStatement statement, Filter filter) throws SQLException {
        @Nullable Array ids = filter.ids().isEmpty() ? null : Columns.of(statement, "uuid", filter.ids(), JobId::value);
        statement.setArray(1, ids);
        statement.setArray(2, ids);
        int at = text(statement, 3, filter.group());
        at = text(statement, at, filter.queue());
        at = text(statement, at, filter.type());
        for (int twice = 0; twice < 2; twice++) {
            statement.setObject(at++, Db.timestamp(filter.since().orElse(null)));
        }
        return at;
    }

    private static int text(PreparedStatement statement, int at, Optional<String> value) throws SQLException {
        statement.setString(at, value.orElse(null));
        statement.setString(at + 1, value.orElse(null));
        return at + 2;
    }

    private static Kept kept(ResultSet row) throws SQLException {
        return new Kept(
                letter(row),
                new StoredRecord(
                        row.getBytes("record_key"), requireNonNull(row.getBytes("payload")), row.getBytes("headers")));
    }

    private static DeadLetter letter(ResultSet row) throws SQLException {
        return new DeadLetter(
                id(row, "job_id"),
                row.getLong("seq"),
                row.getString("fingerprint"),
                row.getString("queue"),
                row.getString("type"),
                Optional.ofNullable(row.getString("order_key")),
                new JobView.Position(row.getInt("partition"), row.getLong("record_offset")),
                new JobView.Run(
                        row.getInt("attempt"),
                        row.getInt("failures"),
                        row.getInt("recoveries"),
                        Optional.ofNullable(row.getString("incarnation"))),
                new DeadLetter.Death(
                        Optional.ofNullable(row.getString("reason")),
                        Optional.ofNullable(row.getString("detail")),
                        time(row, "submitted_at"),
                        time(row, "settled_at")),
                row.getInt("redrives"));
    }

    private static JobId id(ResultSet row, String column) throws SQLException {
        return new JobId(row.getObject(column, UUID.class));
    }

    /** A column that is never null. */
    private static Instant time(ResultSet row, String column) throws SQLException {
        return requireNonNull(Db.instant(row, column), column);
    }

    private static List<String> texts(ResultSet row, String column) throws SQLException {
        return List.of((String[]) row.getArray(column).getArray());
    }

    private static void check(int limit) {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("limit is not between 1 and " + MAX_LIMIT + ": " + limit);
        }
    }
}
