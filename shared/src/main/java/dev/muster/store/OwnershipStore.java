package dev.muster.store;

import static java.util.Objects.requireNonNull;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What one incarnation says about partitions and jobs: the two guards of the ownership protocol, one autocommit
 * statement per call. Every method throws {@link StoreException}; after {@code UNREACHABLE} the statement may or may not
 * have run, which the census finds out. Thread-safe.
 */
public final class OwnershipStore {
    private final Db db;
    private final Incarnation me;

    public OwnershipStore(Database database, Incarnation me) {
        this.db = new Db(database);
        this.me = me;
    }

    /** Takes assigned partitions over, whoever had them before. One answer per partition. */
    public List<TakeOver.Answer> takeOver(List<TakeOver> partitions) {
        return db.query(
                "take over " + partitions.size() + " partitions",
                OwnershipSql.TAKE_OVER,
                statement -> {
                    bindPartitions(
                            statement,
                            1,
                            partitions.stream().map(TakeOver::partition).toList());
                    statement.setArray(5, column(statement, "uuid", partitions, TakeOver::topicId));
                },
                row -> new TakeOver.Answer(
                        row.getString("queue"),
                        row.getInt("partition"),
                        TakeOver.Verdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)),
                        row.getLong("next_offset"),
                        row.getInt("stored_epoch"),
                        row.getBoolean("log_replaced")));
    }

    /**
     * Lowers a partition's epoch to ours, since the group was made anew and counts from the start again. Only for who
     * has read the group's epoch and found it below the stored one.
     *
     * @return false if the stored epoch was not {@code stored} any more
     */
    public boolean resetEpoch(PartitionEpoch mine, int stored) {
        return db.first(
                        "reset the epoch of " + mine,
                        OwnershipSql.RESET_EPOCH,
                        statement -> {
                            statement.setString(1, mine.queue());
                            statement.setInt(2, mine.partition());
                            statement.setInt(3, stored);
                            statement.setInt(4, mine.epoch());
                        },
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    /** Moves the position of a partition of ours to where Kafka's log is. False if it is not ours any more. */
    public boolean resetPosition(PartitionEpoch mine, long offset) {
        return db.first(
                        "reset the position of " + mine,
                        OwnershipSql.RESET_POSITION,
                        statement -> {
                            statement.setString(1, me.id());
                            statement.setString(2, mine.queue());
                            statement.setInt(3, mine.partition());
                            statement.setInt(4, mine.epoch());
                            statement.setLong(5, offset);
                        },
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    /** Makes polled records durable. One verdict per entry, in their order. */
    public List<Claim.Verdict> claim(Claim claim) {
        Claim.@Nullable Verdict[] verdicts =
                new Claim.@Nullable Verdict[claim.entries().size()];
        db.query(
                "claim " + claim.entries().size() + " records",
                OwnershipSql.CLAIM,
                statement -> bindClaim(statement, claim),
                row -> {
                    Claim.Verdict verdict =
                            Claim.Verdict.valueOf(row.getString(2).toUpperCase(Locale.ROOT));
                    verdicts[row.getInt(1) - 1] = verdict;
                    return verdict;
                });
        List<Claim.Verdict> answer = new ArrayList<>(verdicts.length);
        for (Claim.Verdict verdict : verdicts) {
            answer.add(requireNonNull(verdict, "claim() left a record without a verdict"));
        }
        return answer;
    }

    /** Running jobs of fenced incarnations in these partitions become ours. */
    public List<RunningJob> adopt(List<PartitionEpoch> partitions) {
        return db.query(
                "adopt from fenced incarnations",
                OwnershipSql.ADOPT,
                statement -> bindPartitions(statement, 1, partitions),
                OwnershipStore::job);
    }

    /** Starts waiting jobs that are due, at most {@code limit}. */
    public List<RunningJob> startDue(List<PartitionEpoch> partitions, int limit) {
        return db.query(
                "start due jobs",
                OwnershipSql.START_DUE,
                statement -> {
                    bindPartitions(statement, 1, partitions);
                    statement.setInt(5, limit);
                },
                OwnershipStore::job);
    }

    /** How long until the first waiting job of these partitions is due; empty: none has a time. */
    public Optional<Duration> nextDue(List<PartitionEpoch> partitions) {
        return db.first(
                        "look for due jobs",
                        OwnershipSql.NEXT_DUE,
                        statement -> {
                            statement.setArray(1, column(statement, "text", partitions, PartitionEpoch::queue));
                            statement.setArray(2, column(statement, "integer", partitions, PartitionEpoch::partition));
                        },
                        row -> row.getObject(1, Long.class))
                .map(Duration::ofMillis);
    }

    /**
     * Writes outcomes down. One answer per outcome, and one for each job that starts because its key became free.
     *
     * @param keyed the partitions of keyed queues that we own, of those that the outcomes are from
     */
    public List<Settled> settle(List<Outcome> outcomes, List<PartitionEpoch> keyed) {
        return db.query(
                "settle " + outcomes.size() + " jobs",
                OwnershipSql.SETTLE,
                statement -> bindSettle(statement, outcomes, keyed),
                row -> {
                    JobId id = new JobId(row.getObject("settled", UUID.class));
                    return switch (row.getString("verdict")) {
                        case "settled" -> new Settled.Done(id);
                        case "unknown" -> new Settled.Unsure(id);
                        case "rejected" -> new Settled.Rejected(id);
                        case "started" -> new Settled.Started(job(row));
                        default -> throw new SQLException("settle() gave a verdict that nobody knows");
                    };
                });
    }

    /** A step of a job that is about to make its call. */
    public record IntentRequest(JobId id, int attempt, String step) {}

    /**
     * A stored intent.
     *
     * @param unansweredSince when an earlier call may have been made whose outcome nobody knows; empty where none was
     */
    public record Intent(JobId id, String step, String idempotencyKey, Optional<Instant> unansweredSince) {}

    /** Stores the idempotency keys of steps. No intent comes back for a job that is not ours any more. */
    public List<Intent> intend(List<IntentRequest> requests) {
        return db.query(
                "store " + requests.size() + " intents",
                OwnershipSql.INTEND,
                statement -> {
                    statement.setString(1, me.id());
                    statement.setArray(2, column(statement, "uuid", requests, r -> r.id().value()));
                    statement.setArray(3, column(statement, "integer", requests, IntentRequest::attempt));
                    statement.setArray(4, column(statement, "text", requests, IntentRequest::step));
                },
                row -> new Intent(
                        new JobId(row.getObject("job_id", UUID.class)),
                        row.getString("step"),
                        row.getString("idempotency_key"),
                        Optional.ofNullable(Db.instant(row, "unanswered_since"))));
    }

    /** All jobs that run under this incarnation as far as Postgres knows. */
    public List<RunningJob> census() {
        return db.query(
                "count the running jobs of " + me,
                OwnershipSql.CENSUS,
                statement -> statement.setString(1, me.id()),
                OwnershipStore::job);
    }

    /** A running job of somebody else in a partition of ours. */
    public record Foreign(JobId id, Incarnation incarnation, boolean fenced) {}

    public List<Foreign> foreign(List<PartitionEpoch> partitions) {
        return db.query(
                "look for others' jobs",
                OwnershipSql.FOREIGN,
                statement -> {
                    statement.setArray(1, column(statement, "text", partitions, PartitionEpoch::queue));
                    statement.setArray(2, column(statement, "integer", partitions, PartitionEpoch::partition));
                    statement.setString(3, me.id());
                },
                row -> new Foreign(
                        new JobId(row.getObject("job_id", UUID.class)),
                        new Incarnation(row.getString("incarnation")),
                        row.getBoolean("fenced")));
    }

    /** When the handler of an adopted job was entered. */
    public record Entered(JobId id, int attempt, Instant at) {}

    public void entered(List<Entered> entries) {
        db.update("note " + entries.size() + " entries", OwnershipSql.ENTERED, statement -> {
            statement.setArray(1, column(statement, "uuid", entries, e -> e.id().value()));
            statement.setArray(2, column(statement, "integer", entries, Entered::attempt));
            statement.setArray(3, column(statement, "timestamptz", entries, e -> Db.timestamp(e.at())));
            statement.setString(4, me.id());
        });
    }

    /** True while a coordinator leads: then it alone decides who is dead. */
    public boolean leaderIsFresh() {
        return db.first(
                        "look at the leader's lease",
                        OwnershipSql.LEADER_IS_FRESH,
                        statement -> {},
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    /** Puts on record that Postgres refused our claims of these partitions. */
    public void rejectedClaim(List<PartitionEpoch> partitions) {
        db.update("record refused claims", OwnershipSql.REJECTED_CLAIM, statement -> {
            statement.setString(1, me.id());
            statement.setArray(2, column(statement, "text", partitions, PartitionEpoch::queue));
            statement.setArray(3, column(statement, "integer", partitions, PartitionEpoch::partition));
        });
    }

    private void bindClaim(PreparedStatement statement, Claim claim) throws SQLException {
        List<Claim.Span> spans = claim.spans();
        bindPartitions(statement, 1, spans.stream().map(Claim.Span::partition).toList());
        statement.setArray(5, column(statement, "bigint", spans, Claim.Span::from));
        statement.setArray(6, column(statement, "bigint", spans, Claim.Span::to));
        List<Claim.Entry> entries = claim.entries();
        statement.setArray(7, column(statement, "integer", entries, e -> e.span() + 1)); // SQL counts from 1
        statement.setArray(8, column(statement, "bigint", entries, Claim.Entry::offset));
        statement.setArray(9, column(statement, "uuid", entries, e -> e.id().value()));
        statement.setArray(
                10, column(statement, "uuid", entries, e -> e.positionId().value()));
        statement.setArray(11, column(statement, "text", entries, Claim.Entry::type));
        statement.setArray(
                12, column(statement, "text", entries, e -> e.orderKey().orElse(null)));
        statement.setArray(
                13,
                column(
                        statement,
                        "integer",
                        entries,
                        e -> e.terms().maxFailures().orElse(null)));
        statement.setArray(
                14,
                column(statement, "timestamptz", entries, e -> time(e.terms().runAt())));
        statement.setArray(
                15,
                column(statement, "timestamptz", entries, e -> time(e.terms().deadline())));
        statement.setArray(
                16,
                column(
                        statement,
                        "timestamptz",
                        entries,
                        e -> Db.timestamp(e.terms().submittedAt())));
        statement.setArray(17, bytes(statement, entries, e -> e.bytes().key()));
        statement.setArray(18, bytes(statement, entries, e -> e.bytes().value()));
        statement.setArray(19, bytes(statement, entries, e -> e.bytes().headers()));
        statement.setArray(20, bytes(statement, entries, Claim.Entry::payloadHash));
        statement.setArray(
                21,
                column(
                        statement,
                        "text",
                        entries,
                        e -> e.dead().map(Claim.Dead::reason).orElse(null)));
        statement.setArray(
                22,
                column(
                        statement,
                        "text",
                        entries,
                        e -> e.dead().map(Claim.Dead::detail).orElse(null)));
    }

    private void bindSettle(PreparedStatement statement, List<Outcome> outcomes, List<PartitionEpoch> keyed)
            throws SQLException {
        List<UUID> closedJobs = new ArrayList<>();
        List<String> closedSteps = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            for (String step : outcome.closedSteps()) {
                closedJobs.add(outcome.id().value());
                closedSteps.add(step);
            }
        }
        statement.setString(1, me.id());
        statement.setArray(2, column(statement, "uuid", outcomes, o -> o.id().value()));
        statement.setArray(3, column(statement, "integer", outcomes, Outcome::attempt));
        statement.setArray(
                4, column(statement, "text", outcomes, o -> o.verdict().wireName()));
        statement.setArray(5, column(statement, "text", outcomes, o -> clean(o.reason())));
        statement.setArray(6, column(statement, "text", outcomes, o -> clean(o.detail())));
        statement.setArray(7, column(statement, "text", outcomes, o -> clean(o.result())));
        statement.setArray(
                8, column(statement, "bigint", outcomes, o -> o.delay().toMillis()));
        statement.setArray(9, column(statement, "timestamptz", outcomes, o -> time(o.enteredAt())));
        statement.setArray(10, column(statement, "uuid", closedJobs, id -> id));
        statement.setArray(11, column(statement, "text", closedSteps, step -> step));
        statement.setArray(12, column(statement, "text", keyed, PartitionEpoch::queue));
        statement.setArray(13, column(statement, "integer", keyed, PartitionEpoch::partition));
        statement.setArray(14, column(statement, "integer", keyed, PartitionEpoch::epoch));
    }

    /** Incarnation, queues, partitions and epochs as four parameters from {@code first} on. */
    private void bindPartitions(PreparedStatement statement, int first, List<PartitionEpoch> partitions)
            throws SQLException {
        statement.setString(first, me.id());
        statement.setArray(first + 1, column(statement, "text", partitions, PartitionEpoch::queue));
        statement.setArray(first + 2, column(statement, "integer", partitions, PartitionEpoch::partition));
        statement.setArray(first + 3, column(statement, "integer", partitions, PartitionEpoch::epoch));
    }

    private static RunningJob job(ResultSet row) throws SQLException {
        return new RunningJob(
                new JobId(row.getObject("job_id", UUID.class)),
                row.getString("type"),
                row.getInt("attempt"),
                new RunningJob.Place(row.getString("queue"), row.getInt("partition"), row.getLong("record_offset")),
                Optional.ofNullable(row.getString("order_key")),
                new RunningJob.Budget(
                        row.getInt("failures"),
                        row.getInt("recoveries"),
                        Optional.ofNullable(row.getObject("max_failures", Integer.class))),
                new RunningJob.Times(
                        requireNonNull(Db.instant(row, "submitted_at")),
                        Optional.ofNullable(Db.instant(row, "deadline"))),
                new RunningJob.Bytes(row.getBytes("record_key"), row.getBytes("payload"), row.getBytes("headers")));
    }

    static <T> java.sql.Array column(
            PreparedStatement statement, String type, List<T> rows, Function<T, @Nullable Object> cell)
            throws SQLException {
        @Nullable Object[] cells = new @Nullable Object[rows.size()];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = cell.apply(rows.get(i));
        }
        return Db.array(statement, type, cells);
    }

    /** A column of bytes, which the driver takes in an array of that very type only. */
    static <T> java.sql.Array bytes(PreparedStatement statement, List<T> rows, Function<T, byte @Nullable []> cell)
            throws SQLException {
        byte[] @Nullable [] cells = new byte[rows.size()] @Nullable [];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = cell.apply(rows.get(i));
        }
        return Db.array(statement, "bytea", cells);
    }

    private static @Nullable Object time(Optional<Instant> instant) {
        return Db.timestamp(instant.orElse(null));
    }

    /** A text as Postgres takes it: without zero bytes, none at all where it is empty. */
    private static @Nullable String clean(String text) {
        return text.isEmpty() ? null : text.replace('\0', '\uFFFD');
    }
}
