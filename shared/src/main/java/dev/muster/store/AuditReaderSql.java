package dev.muster.store;

/** The statements of {@link AuditReader}. */
final class AuditReaderSql {
    private AuditReaderSql() {}

    /** One row, several times a second: counts, over as many rows as the run that is watched has jobs. */
    static final String PROGRESS = """
            SELECT (SELECT count(*) FROM job_history) - (SELECT count(*) FROM redrive) AS final,
                (SELECT count(*) FROM job_running) AS running, (SELECT count(*) FROM job_waiting) AS waiting
            """;

    /** All of the history, once, when everything is over; of a job that was dead and redriven what came after that. */
    static final String FINALS = """
            SELECT job_id, queue, order_key, record_offset, state, attempt, started_at, entered_at, submitted_at,
                claimed_at, settled_at
            FROM job_history h
            WHERE NOT EXISTS (SELECT FROM redrive d WHERE d.seq = h.seq)
            """;

    /** No row when all went well. */
    static final String UNFINISHED = """
            SELECT job_id, 'running' AS state FROM job_running
            UNION ALL
            SELECT job_id, state FROM job_waiting
            """;

    /** As many rows as runs ended without a final state, once, when everything is over. */
    static final String RUNS = """
            SELECT job_id, attempt, incarnation, outcome, started_at, entered_at
            FROM job_attempt
            """;

    /** As many rows as workers live: those that said which process they are and that nobody has fenced. */
    static final String WORKERS = """
            SELECT w.incarnation, w.pid, w.process_started_at,
                EXISTS (SELECT FROM partition_owner o WHERE o.incarnation = w.incarnation) AS in_service
            FROM worker_incarnation w
            WHERE w.fenced_at IS NULL AND w.started_at IS NOT NULL AND w.pid IS NOT NULL
            ORDER BY w.incarnation
            """;

    /** One row. The first life of a worker is a start, each further one a restart. */
    static final String RESTARTS = """
            SELECT count(*) - count(DISTINCT worker) AS restarts
            FROM worker_incarnation
            WHERE started_at IS NOT NULL
            """;
}
