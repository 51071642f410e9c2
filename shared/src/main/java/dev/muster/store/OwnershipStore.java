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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@link Ownership} in Postgres: each call is one autocommit statement. Thread-safe. */
public final class OwnershipStore implements Ownership {
    private final Db db;
    private final Incarnation me;

    public OwnershipStore(Database database, Incarnation me) {
        this.db = new Db(database);
        this.me = me;
    }

    @Override
    public List<TakeOver.Answer> takeOver(List<TakeOver> partitions) {
        return db.query(
                "take over " + partitions.size() + " partitions",
                OwnershipSql.TAKE_OVER,
                statement -> {
                    bindPartitions(
                            statement,
                            1,
                            partitions.stream().map(TakeOver::partition).toList());
                    statement.setArray(5, Columns.of(statement, "uuid", partitions, TakeOver::topicId));
                },
                row -> new TakeOver.Answer(
                        row.getString("queue"),
                        row.getInt("partition"),
                        TakeOver.Verdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)),
                        row.getLong("next_offset"),
                        row.getInt("stored_epoch"),
                        row.getBoolean("log_replaced"),
                        layout(row)));
    }

    @Override
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

    @Override
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

    @Override
    public List<Claim.Answer> claim(Claim claim, List<String> shut, Map<String, Integer> groups) {
        Claim.@Nullable Answer[] answers =
                new Claim.@Nullable Answer[claim.entries().size()];
        db.query(
                "claim " + claim.entries().size() + " records",
                OwnershipSql.CLAIM,
                statement -> ClaimBinding.bind(statement, me, claim, shut, groups),
                row -> {
                    Claim.Answer answer = new Claim.Answer(
                            Claim.Verdict.valueOf(row.getString(2).toUpperCase(Locale.ROOT)),
                            Optional.ofNullable(row.getObject(3, UUID.class)).map(JobId::new));
                    if (row.getInt(1) == 0) {
                        Arrays.fill(answers, answer);
                    } else {
                        answers[row.getInt(1) - 1] = answer;
                    }
                    return answer;
                });
        List<Claim.Answer> all = new ArrayList<>(answers.length);
        for (Claim.Answer answer : answers) {
            all.add(requireNonNull(answer, "claim() left a record without an answer"));
        }
        return all;
    }

    @Override
    public List<RunningJob> adopt(List<PartitionEpoch> partitions, List<String> holding) {
        return db.query(
                "adopt from fenced incarnations",
                OwnershipSql.ADOPT,
                statement -> {
                    bindPartitions(statement, 1, partitions);
                    statement.setArray(5, Columns.of(statement, "text", holding, type -> type));
                },
                OwnershipStore::job);
    }

    @Override
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

    @Override
    public Map<String, Duration> nextDue(List<PartitionEpoch> partitions) {
        Map<String, Duration> due = new HashMap<>();
        db.query(
                "look for due jobs",
                OwnershipSql.NEXT_DUE,
                statement -> {
                    statement.setArray(1, Columns.of(statement, "text", partitions, PartitionEpoch::queue));
                    statement.setArray(2, Columns.of(statement, "integer", partitions, PartitionEpoch::partition));
                },
                row -> due.put(row.getString(1), Duration.ofMillis(row.getLong(2))));
        return due;
    }

    @Override
    public List<Settled> settle(
            List<Outcome> outcomes, List<PartitionEpoch> keyed, List<String> holding, Groups groups) {
        List<Settled> answers = new ArrayList<>(outcomes.size());
        List<Optional<Settled>> rows = db.query(
                "settle " + outcomes.size() + " jobs",
                OwnershipSql.SETTLE,
                statement -> SettleBinding.bind(statement, me, outcomes, keyed, holding, groups),
                row -> switch (row.getString("verdict")) {
                    case "settled" -> settled(row).map(Settled.Done::new);
                    case "unknown" -> settled(row).map(Settled.Unsure::new);
                    case "rejected" -> settled(row).map(Settled.Rejected::new);
                    case "started" -> Optional.of(new Settled.Started(job(row)));
                    case "woken" -> Optional.of(new Settled.Woken());
                    default -> throw new SQLException("settle() gave a verdict that nobody knows");
                });
        for (Optional<Settled> row : rows) {
            row.ifPresentOrElse(answers::add, () -> outcomes.forEach(o -> answers.add(new Settled.Done(o.id()))));
        }
        return answers;
    }

    @Override
    public void putBack(List<RunKey> runs) {
        db.query(
                "put " + runs.size() + " runs back",
                OwnershipSql.PUT_BACK,
                statement -> bindRuns(statement, runs),
                row -> true);
    }

    /** A step of a job that is about to make its call. */
    public record IntentRequest(JobId id, int attempt, String step) {}

    /**
     * A stored intent.
     *
     * @param unansweredSince when an earlier call may have been made whose outcome nobody knows; empty where none was
     */
    public record Intent(JobId id, String step, String idempotencyKey, Optional<Instant> unansweredSince) {}

    @Override
    public List<Intent> intend(List<IntentRequest> requests) {
        return db.query(
                "store " + requests.size() + " intents",
                OwnershipSql.INTEND,
                statement -> {
                    statement.setString(1, me.id());
                    statement.setArray(2, Columns.of(statement, "uuid", requests, r -> r.id().value()));
                    statement.setArray(3, Columns.of(statement, "integer", requests, IntentRequest::attempt));
                    statement.setArray(4, Columns.of(statement, "text", requests, IntentRequest::step));
                },
                row -> new Intent(
                        new JobId(row.getObject("job_id", UUID.class)),
                        row.getString("step"),
                        row.getString("idempotency_key"),
                        Optional.ofNullable(Db.instant(row, "unanswered_since"))));
    }

    @Override
    public List<RunKey> census() {
        return db.query(
                "count the running jobs of " + me,
                OwnershipSql.CENSUS,
                statement -> statement.setString(1, me.id()),
                row -> new RunKey(
                        new JobId(row.getObject("job_id", UUID.class)),
                        row.getInt("attempt"),
                        row.getString("queue"),
                        row.getInt("partition")));
    }

    @Override
    public Optional<RunningJob> enter(RunKey run) {
        return db.first(
                "note the entry of job " + run.id(),
                OwnershipSql.ENTER,
                statement -> {
                    statement.setObject(1, run.id().value());
                    statement.setString(2, me.id());
                    statement.setInt(3, run.attempt());
                },
                OwnershipStore::job);
    }

    @Override
    public List<RunningJob> beginAgain(List<RunKey> runs) {
        return db.query(
                "begin " + runs.size() + " runs again",
                OwnershipSql.BEGIN_AGAIN,
                statement -> bindRuns(statement, runs),
                OwnershipStore::job);
    }

    private void bindRuns(PreparedStatement statement, List<RunKey> runs) throws SQLException {
        statement.setString(1, me.id());
        statement.setArray(2, Columns.of(statement, "uuid", runs, r -> r.id().value()));
        statement.setArray(3, Columns.of(statement, "integer", runs, RunKey::attempt));
    }

    /**
     * A job of ours that is to be cancelled.
     *
     * @param by who wishes it
     */
    public record Wish(JobId id, String by, Optional<String> reason) {}

    @Override
    public List<Wish> wishes() {
        return db.query(
                "read what is wished of the jobs of " + me,
                OwnershipSql.WISHES,
                statement -> statement.setString(1, me.id()),
                row -> new Wish(
                        new JobId(row.getObject("job_id", UUID.class)),
                        row.getString("wished_by"),
                        Optional.ofNullable(row.getString("reason"))));
    }

    /**
     * How far a run is.
     *
     * @param percent 0 to 100
     */
    public record Progress(JobId id, int attempt, int percent, String note) {}

    @Override
    public void progress(List<Progress> news) {
        db.update("note the progress of " + news.size() + " jobs", OwnershipSql.PROGRESS, statement -> {
            statement.setArray(1, Columns.of(statement, "uuid", news, n -> n.id().value()));
            statement.setArray(2, Columns.of(statement, "integer", news, Progress::attempt));
            statement.setArray(3, Columns.of(statement, "integer", news, Progress::percent));
            statement.setArray(4, Columns.of(statement, "text", news, n -> Columns.clean(n.note())));
            statement.setString(5, me.id());
        });
    }

    /** A running job of somebody else in a partition of ours. */
    public record Foreign(JobId id, Incarnation incarnation, boolean fenced) {}

    @Override
    public List<Foreign> foreign(List<PartitionEpoch> partitions) {
        return db.query(
                "look for others' jobs",
                OwnershipSql.FOREIGN,
                statement -> {
                    statement.setArray(1, Columns.of(statement, "text", partitions, PartitionEpoch::queue));
                    statement.setArray(2, Columns.of(statement, "integer", partitions, PartitionEpoch::partition));
                    statement.setString(3, me.id());
                },
                row -> new Foreign(
                        new JobId(row.getObject("job_id", UUID.class)),
                        new Incarnation(row.getString("incarnation")),
                        row.getBoolean("fenced")));
    }

    /** When the handler of an adopted job was entered. */
    public record Entered(JobId id, int attempt, Instant at) {}

    @Override
    public void entered(List<Entered> entries) {
        db.update("note " + entries.size() + " entries", OwnershipSql.ENTERED, statement -> {
            statement.setArray(1, Columns.of(statement, "uuid", entries, e -> e.id().value()));
            statement.setArray(2, Columns.of(statement, "integer", entries, Entered::attempt));
            statement.setArray(3, Columns.of(statement, "timestamptz", entries, e -> Db.timestamp(e.at())));
            statement.setString(4, me.id());
        });
    }

    @Override
    public boolean leaderIsFresh() {
        return db.first(
                        "look at the leader's lease",
                        OwnershipSql.LEADER_IS_FRESH,
                        statement -> {},
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    @Override
    public void rejectedClaim(List<PartitionEpoch> partitions) {
        db.update("record refused claims", OwnershipSql.REJECTED_CLAIM, statement -> {
            statement.setString(1, me.id());
            statement.setArray(2, Columns.of(statement, "text", partitions, PartitionEpoch::queue));
            statement.setArray(3, Columns.of(statement, "integer", partitions, PartitionEpoch::partition));
        });
    }

    /** Incarnation, queues, partitions and epochs as four parameters from {@code first} on. */
    private void bindPartitions(PreparedStatement statement, int first, List<PartitionEpoch> partitions)
            throws SQLException {
        Columns.partitions(statement, first, me, partitions);
    }

    private static TakeOver.Layout layout(ResultSet row) throws SQLException {
        Integer growingTo = row.getObject("growing_to", Integer.class);
        Long switchOffset = row.getObject("switch_offset", Long.class);
        return new TakeOver.Layout(
                row.getInt("partitions"),
                growingTo == null ? OptionalInt.empty() : OptionalInt.of(growingTo),
                row.getInt("growth"),
                switchOffset == null ? OptionalLong.empty() : OptionalLong.of(switchOffset));
    }

    /** Which job a row is about; empty: all of them. */
    private static Optional<JobId> settled(ResultSet row) throws SQLException {
        return Optional.ofNullable(row.getObject("settled", UUID.class)).map(JobId::new);
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
}
