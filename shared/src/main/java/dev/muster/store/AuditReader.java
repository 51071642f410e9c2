package dev.muster.store;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * Reads all that a run has left behind, for an audit or a drill of a stack of its own; reads whole tables, so a
 * production database is no place for it. Throws {@link StoreException}. Thread-safe.
 */
public final class AuditReader {
    private final Db db;

    public AuditReader(Database database) {
        this.db = new Db(database);
    }

    /** How far the jobs have come. */
    public record Progress(int finals, int running, int waiting) {}

    /** A row of the history. {@code offset}: of its record; {@code key}: in a keyed queue only. */
    public record FinalJob(
            JobId id,
            String queue,
            Optional<String> key,
            long offset,
            JobState state,
            int attempt,
            Optional<Instant> started,
            Optional<Instant> entered,
            Instant submitted,
            Instant claimed,
            Instant settled) {}

    /** A job that still stands among the running or waiting ones. */
    public record UnfinishedJob(JobId id, JobState state) {}

    /**
     * A run that ended without a final state.
     *
     * @param outcome such as interrupted or retried
     */
    public record EndedRun(
            JobId id, int attempt, String incarnation, String outcome, Instant started, Optional<Instant> entered) {

        public boolean isInterrupted() {
            return outcome.equals("interrupted");
        }
    }

    /**
     * A worker's life that is not fenced, and the process that said it lives it.
     *
     * @param inService whether it owns partitions: it has jobs or may get some
     */
    public record LiveWorker(String incarnation, long pid, Instant processStarted, boolean inService) {}

    public Progress progress() {
        return db.query(
                        "count the jobs",
                        AuditReaderSql.PROGRESS,
                        statement -> {},
                        row -> new Progress(row.getInt("final"), row.getInt("running"), row.getInt("waiting")))
                .getFirst();
    }

    public List<FinalJob> finals() {
        return db.query("read the history", AuditReaderSql.FINALS, statement -> {}, AuditReader::finalJob);
    }

    public List<UnfinishedJob> unfinished() {
        return db.query(
                "read the unfinished jobs",
                AuditReaderSql.UNFINISHED,
                statement -> {},
                row -> new UnfinishedJob(id(row), JobState.parse(row.getString("state"))));
    }

    public List<EndedRun> runs() {
        return db.query(
                "read the runs",
                AuditReaderSql.RUNS,
                statement -> {},
                row -> new EndedRun(
                        id(row),
                        row.getInt("attempt"),
                        row.getString("incarnation"),
                        row.getString("outcome"),
                        instant(row, "started_at"),
                        Optional.ofNullable(Db.instant(row, "entered_at"))));
    }

    /** All that have started and are not fenced; a moment after its death a worker is still among them. */
    public List<LiveWorker> workers() {
        return db.query(
                "read the workers",
                AuditReaderSql.WORKERS,
                statement -> {},
                row -> new LiveWorker(
                        row.getString("incarnation"),
                        row.getLong("pid"),
                        instant(row, "process_started_at"),
                        row.getBoolean("in_service")));
    }

    /** How often a worker was started again. */
    public int restarts() {
        return db.query("count the restarts", AuditReaderSql.RESTARTS, statement -> {}, row -> row.getInt("restarts"))
                .getFirst();
    }

    private static FinalJob finalJob(ResultSet row) throws SQLException {
        return new FinalJob(
                id(row),
                row.getString("queue"),
                Optional.ofNullable(row.getString("order_key")),
                row.getLong("record_offset"),
                JobState.parse(row.getString("state")),
                row.getInt("attempt"),
                Optional.ofNullable(Db.instant(row, "started_at")),
                Optional.ofNullable(Db.instant(row, "entered_at")),
                instant(row, "submitted_at"),
                instant(row, "claimed_at"),
                instant(row, "settled_at"));
    }

    private static JobId id(ResultSet row) throws SQLException {
        return JobId.parse(row.getString("job_id"));
    }

    /** A column that is never null. */
    private static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
