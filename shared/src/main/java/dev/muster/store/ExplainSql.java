package dev.muster.store;

/** What is to be known of a job that isn't running. One snapshot. */
final class ExplainSql {
    private ExplainSql() {}

    /**
     * The job where it stands, its partition's owner, whether its key is held, who is before it in that, its turn; where
     * there is none of that id, the record that names it and was refused. By primary key in the small tables and by index
     * elsewhere, the outbox read through; 0 or 1 row. What is counted is counted to 10,000.
     */
    static final String FACTS = """
            SELECT j.*, now() AS now, coalesce(q.paused, false) AS paused, coalesce(q.pool, '') AS pool, po.incarnation AS owner,
                oi.incarnation IS NOT NULL AND oi.fenced_at IS NULL AS owner_lives,
                ri.fenced_at IS NOT NULL AS is_fenced,
                k.job_id AS held_for, k.type AS held_type, k.held_at,
                a.job_id AS ahead, a.incarnation AS ahead_runs_as, a.reason AS ahead_reason, b.jobs AS jobs_ahead,
                l.limit_key, limit_of(l.limit_key, j.queue) AS limit_max, s.running AS limit_running, t.nth AS limit_nth,
                c.wished_by, c.wished_at
            FROM (
                SELECT 'running' AS place, 1 AS nth, r.job_id, r.queue, r.partition, 'running' AS state, r.order_key,
                    r.key_position, r.incarnation, r.attempt, r.started_at AS at, NULL::timestamptz AS due_at,
                    NULL::text AS reason, NULL::text AS detail, r.deadline
                FROM job_running r
                WHERE r.job_id = ?
                UNION ALL
                SELECT 'waiting', 2, w.job_id, w.queue, w.partition, w.state, w.order_key, w.key_position, NULL, w.attempt,
                    w.claimed_at, CASE WHEN isfinite(w.due_at) THEN w.due_at END, w.reason, NULL, w.deadline
                FROM job_waiting w
                WHERE w.job_id = ?
                UNION ALL
                SELECT 'outbox', 3, o.job_id, o.queue, 0, 'scheduled', NULL, NULL, NULL, 0, o.said_at, NULL, o.refused,
                    NULL, NULL
                FROM submission o
                WHERE o.job_id = ?
                UNION ALL
                SELECT 'history', CASE WHEN h.named_id IS NULL THEN 4 ELSE 5 END, h.job_id, h.queue, h.partition, h.state,
                    h.order_key, h.key_position, h.incarnation,
                    h.attempt, h.settled_at, NULL, h.reason, h.detail, NULL
                FROM job_history h
                WHERE h.job_id = ? OR h.named_id = ?) j
            LEFT JOIN queue q ON q.name = j.queue
            LEFT JOIN partition_owner po ON po.queue = j.queue AND po.partition = j.partition
            LEFT JOIN worker_incarnation oi ON oi.incarnation = po.incarnation
            LEFT JOIN worker_incarnation ri ON ri.incarnation = j.incarnation
            LEFT JOIN cancel_wish c ON c.job_id = j.job_id AND j.place <> 'history'
            LEFT JOIN key_hold k ON k.queue = j.queue AND k.order_key = j.order_key AND j.place = 'waiting'
                AND j.key_position IS NOT NULL
            LEFT JOIN limited_job l ON l.job_id = j.job_id AND l.turn IS NOT NULL
            LEFT JOIN LATERAL (
                (SELECT x.job_id, x.incarnation, NULL::text AS reason
                FROM job_running x
                WHERE x.queue = j.queue AND x.order_key = j.order_key
                LIMIT 1)
                UNION ALL
                (SELECT x.job_id, NULL, x.reason
                FROM job_waiting x
                WHERE x.queue = j.queue AND x.order_key = j.order_key AND x.key_position < j.key_position
                ORDER BY x.key_position
                LIMIT 1)
                LIMIT 1) a ON j.place = 'waiting' AND j.key_position IS NOT NULL
            LEFT JOIN LATERAL (
                SELECT (SELECT count(*) FROM job_running x WHERE x.queue = j.queue AND x.order_key = j.order_key)
                    + (SELECT count(*) FROM (
                        SELECT FROM job_waiting x
                        WHERE x.queue = j.queue AND x.order_key = j.order_key AND x.key_position < j.key_position
                        LIMIT 10000) n) AS jobs) b ON a.job_id IS NOT NULL
            LEFT JOIN LATERAL (SELECT count(*) AS running FROM limit_slot x WHERE x.limit_key = l.limit_key) s ON true
            LEFT JOIN LATERAL (
                SELECT count(*) AS nth
                FROM (SELECT FROM limited_job x
                    WHERE x.limit_key = l.limit_key AND x.turn <= l.turn
                    LIMIT 10000) n) t ON true
            ORDER BY j.nth, j.at DESC
            LIMIT 1
            """;

    /** When nothing is known of it: what time it is here, and whether somebody wishes it cancelled. One row. */
    static final String UNSEEN = """
            SELECT now() AS now, c.wished_by, c.wished_at
            FROM (SELECT ?::uuid AS job_id) j
            LEFT JOIN cancel_wish c ON c.job_id = j.job_id
            """;
}
