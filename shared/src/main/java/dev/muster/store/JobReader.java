package dev.muster.store;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/** Reads jobs wherever they stand: running, waiting or final. For people; the data path never asks it. Thread-safe. */
public final class JobReader {
    /** No list is longer. */
    public static final int MAX_LIMIT = 1_000;

    private final Db db;

    public JobReader(Database database) {
        this.db = new Db(database);
    }

    /**
     * Which jobs a list shows; what is empty restricts nothing.
     *
     * @param limit how many at most, 1 to 1000
     */
    public record Filter(Optional<JobState> state, Optional<String> queue, Optional<String> type, int limit) {
        public Filter {
            if (limit < 1 || limit > MAX_LIMIT) {
                throw new IllegalArgumentException("limit is not between 1 and " + MAX_LIMIT + ": " + limit);
            }
        }

        /** The newest jobs of all queues. */
        public static Filter newest(int limit) {
            return new Filter(Optional.empty(), Optional.empty(), Optional.empty(), limit);
        }
    }

    /**
     * A job with how far it is and its earlier runs. Those two are read a moment later: a run that ends in between may be
     * missing or be told twice.
     *
     * @throws StoreException if Postgres can't
     */
    public Optional<JobView> find(JobId id) {
        return db.first(
                        "find job " + id,
                        JobReaderSql.FIND,
                        statement -> {
                            for (int i = 1; i <= 3; i++) {
                                statement.setObject(i, id.value());
                            }
                        },
                        JobReader::job)
                .map(job -> job.with(underway(id), attempts(id)));
    }

    /**
     * The id under which the latest record is kept that names this job and was refused. It says nothing about the job:
     * whoever may produce to any queue can put any job's name on a record.
     *
     * @throws StoreException if Postgres can't
     */
    public Optional<JobId> refused(JobId named) {
        return db.first(
                "look for a refused record that names job " + named,
                JobReaderSql.REFUSED,
                statement -> statement.setObject(1, named.value()),
                row -> JobId.parse(row.getString("job_id")));
    }

    /**
     * Jobs without their earlier runs, those to which something happened last first.
     *
     * @throws StoreException if Postgres can't
     */
    public List<JobView> list(Filter filter) {
        return db.query("list jobs", JobReaderSql.LIST, statement -> bind(statement, filter), JobReader::job);
    }

    private JobView.Underway underway(JobId id) {
        return db.first(
                        "read how far job " + id + " is",
                        JobReaderSql.UNDERWAY,
                        statement -> statement.setObject(1, id.value()),
                        JobReader::underway)
                .orElseThrow();
    }

    private static JobView.Underway underway(ResultSet row) throws SQLException {
        Optional<Instant> said = time(row, "said_at");
        Optional<Instant> wished = time(row, "wished_at");
        Optional<Instant> since = time(row, "since");
        return new JobView.Underway(
                said.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new JobView.Progress(
                                row.getInt("attempt"), row.getInt("percent"), text(row, "note"), said.get())),
                wished.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new JobView.Wish(row.getString("wished_by"), text(row, "reason"), wished.get())),
                since.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new JobView.Suspected(
                                row.getString("standing"),
                                List.of(row.getString("died").split(",", -1)),
                                row.getString("ending"),
                                since.get())));
    }

    private List<JobView.Attempt> attempts(JobId id) {
        return db.query(
                "read the runs of job " + id,
                JobReaderSql.ATTEMPTS,
                statement -> statement.setObject(1, id.value()),
                JobReader::attempt);
    }

    private static void bind(PreparedStatement statement, Filter filter) throws SQLException {
        int at = 1;
        for (int branch = 0; branch < 3; branch++) {
            for (Optional<String> value :
                    List.of(filter.state().map(JobState::wireName), filter.queue(), filter.type())) {
                statement.setString(at++, value.orElse(null));
                statement.setString(at++, value.orElse(null));
            }
            statement.setInt(at++, filter.limit());
        }
        statement.setInt(at, filter.limit());
    }

    private static JobView job(ResultSet row) throws SQLException {
        return new JobView(
                JobId.parse(row.getString("job_id")),
                row.getString("queue"),
                row.getString("type"),
                text(row, "order_key"),
                JobState.parse(row.getString("state")),
                new JobView.Position(row.getInt("partition"), row.getLong("record_offset")),
                new JobView.Run(
                        row.getInt("attempt"),
                        row.getInt("failures"),
                        row.getInt("recoveries"),
                        text(row, "incarnation")),
                new JobView.Times(
                        instant(row, "submitted_at"),
                        instant(row, "claimed_at"),
                        time(row, "started_at"),
                        time(row, "entered_at"),
                        time(row, "due_at"),
                        time(row, "settled_at")),
                new JobView.Outcome(text(row, "reason"), text(row, "detail"), text(row, "result")),
                JobView.Underway.nothing(),
                List.of());
    }

    private static JobView.Attempt attempt(ResultSet row) throws SQLException {
        return new JobView.Attempt(
                row.getInt("attempt"),
                row.getString("incarnation"),
                row.getString("outcome"),
                text(row, "reason"),
                text(row, "detail"),
                instant(row, "started_at"),
                time(row, "entered_at"),
                instant(row, "ended_at"),
                time(row, "due_at"));
    }

    private static Optional<String> text(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getString(column));
    }

    private static Optional<Instant> time(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(Db.instant(row, column));
    }

    /** A column that is never null. */
    private static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
