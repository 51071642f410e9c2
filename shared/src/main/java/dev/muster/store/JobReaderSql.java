package dev.muster.store;

/** The statements of {@link JobReader}. Each reads one snapshot: a job on its way from table to table is seen once. */
final class JobReaderSql {
    private JobReaderSql() {}

    /**
     * By primary key in the two small tables and by index in the history: 0 or 1 row. Where no window of duplicates is
     * kept an id may have run several times; what is unfinished comes first, then the latest.
     */
    static final String FIND = """
            SELECT * FROM (
                SELECT job_id, queue, partition, record_offset, type, order_key, 'running' AS state, NULL AS reason,
                    NULL AS detail, NULL AS result, attempt, failures, recoveries, incarnation, submitted_at, claimed_at,
                    started_at, entered_at, NULL::timestamptz AS due_at, NULL::timestamptz AS settled_at, 1 AS place
                FROM job_running
                WHERE job_id = ?
                UNION ALL
                SELECT w.job_id, w.queue, w.partition, w.record_offset, w.type, w.order_key, w.state,
                    coalesce('its key is held since job ' || k.job_id || ' is dead', w.reason),
                    NULL, NULL, w.attempt, w.failures, w.recoveries, NULL, w.submitted_at, w.claimed_at,
                    NULL, NULL, CASE WHEN isfinite(w.due_at) THEN w.due_at END, NULL, 2
                FROM job_waiting w
                LEFT JOIN key_hold k ON k.queue = w.queue AND k.order_key = w.order_key AND w.key_position IS NOT NULL
                WHERE w.job_id = ?
                UNION ALL
                SELECT job_id, queue, partition, record_offset, type, order_key, state, reason,
                    detail, result, attempt, failures, recoveries, incarnation, submitted_at, claimed_at,
                    started_at, entered_at, NULL, settled_at, 3
                FROM job_history
                WHERE job_id = ?) j
            ORDER BY place, settled_at DESC
            LIMIT 1
            """;

    /** By the partial index on named ids: 0 or 1 row. */
    static final String REFUSED = """
            SELECT job_id
            FROM job_history
            WHERE named_id = ?
            ORDER BY settled_at DESC
            LIMIT 1
            """;

    /** By primary key in small tables: one row, of nulls where nothing was said. What a run has survived is not told. */
    static final String UNDERWAY = """
            SELECT p.attempt, p.percent, p.note, p.said_at, c.wished_by, c.reason, c.wished_at,
                s.standing, array_to_string(s.died, ',') AS died, s.ending, s.since
            FROM (SELECT ?::uuid AS job_id) j
            LEFT JOIN job_progress p ON p.job_id = j.job_id
            LEFT JOIN cancel_wish c ON c.job_id = j.job_id
            LEFT JOIN suspect s ON s.job_id = j.job_id
                AND (EXISTS (SELECT FROM job_running r WHERE r.job_id = j.job_id AND r.attempt IN (s.attempt, s.attempt + 1))
                    OR EXISTS (SELECT FROM job_waiting w WHERE w.job_id = j.job_id AND w.attempt = s.attempt))
            """;

    /** By index, as many rows as the job had runs that ended without a final state. */
    static final String ATTEMPTS = """
            SELECT attempt, incarnation, outcome, reason, detail, started_at, entered_at, ended_at, due_at
            FROM job_attempt
            WHERE job_id = ?
            ORDER BY ended_at, attempt
            """;

    /**
     * At most the limit. Each branch is cut on its own: running rows are as many as there are slots, the history is
     * read backwards by its relay index, and the waiting table is sorted as it is: of one queue, by index job_waiting_due.
     */
    static final String LIST = """
            SELECT * FROM (
                (SELECT job_id, queue, partition, record_offset, type, order_key, 'running' AS state, NULL AS reason,
                    NULL AS detail, NULL AS result, attempt, failures, recoveries, incarnation, submitted_at, claimed_at,
                    started_at, entered_at, NULL::timestamptz AS due_at, NULL::timestamptz AS settled_at,
                    started_at AS changed_at
                FROM job_running
                WHERE (?::text IS NULL OR ? = 'running') AND (?::text IS NULL OR queue = ?)
                  AND (?::text IS NULL OR type = ?)
                ORDER BY started_at DESC LIMIT ?)
                UNION ALL
                (SELECT job_id, queue, partition, record_offset, type, order_key, state, reason,
                    NULL, NULL, attempt, failures, recoveries, NULL, submitted_at, claimed_at,
                    NULL, NULL, CASE WHEN isfinite(due_at) THEN due_at END, NULL, claimed_at
                FROM job_waiting
                WHERE (?::text IS NULL OR state = ?) AND (?::text IS NULL OR queue = ?)
                  AND (?::text IS NULL OR type = ?) AND due_at > '-infinity'
                ORDER BY claimed_at DESC LIMIT ?)
                UNION ALL
                (SELECT job_id, queue, partition, record_offset, type, order_key, state, reason,
                    detail, result, attempt, failures, recoveries, incarnation, submitted_at, claimed_at,
                    started_at, entered_at, NULL, settled_at, settled_at
                FROM job_history
                WHERE (?::text IS NULL OR state = ?) AND (?::text IS NULL OR queue = ?)
                  AND (?::text IS NULL OR type = ?)
                ORDER BY xid DESC, seq DESC LIMIT ?)) j
            ORDER BY changed_at DESC, job_id
            LIMIT ?
            """;
}
