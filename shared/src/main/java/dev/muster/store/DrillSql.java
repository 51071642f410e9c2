package dev.muster.store;

/** The statements of {@link DrillReader}. */
final class DrillSql {
    private DrillSql() {}

    /** As many rows as there are partitions, several times a second. */
    static final String OWNERS = """
            SELECT queue, partition, incarnation, taken_at
            FROM partition_owner
            """;

    /** As many rows as jobs run. */
    static final String RUNNING = """
            SELECT incarnation, count(*) AS jobs
            FROM job_running
            GROUP BY incarnation
            """;

    /** Every life of every worker. */
    static final String LIVES = """
            SELECT incarnation, worker, pid, minted_at, started_at, fenced_at, fenced_reason, fenced_by
            FROM worker_incarnation
            ORDER BY minted_at, incarnation
            """;

    /** All of them, in the order in which they were opened. */
    static final String INCIDENTS = """
            SELECT id, kind, subject, summary, detail::text AS detail, opened_at, closed_at, epoch
            FROM incident
            ORDER BY id
            """;

    /** At most one row. */
    static final String LEASE = """
            SELECT holder, epoch, expires_at > now() AS fresh
            FROM leader_lease
            WHERE name = 'coordinator'
            """;

    /** One row: what an incarnation tried to write and was refused, and what it wrote though it was fenced. */
    static final String WRITES = """
            SELECT (SELECT count(*) FROM rejected_write r WHERE r.incarnation = w.incarnation) AS rejected,
                (SELECT count(*) FROM job_history h
                    WHERE h.incarnation = w.incarnation AND h.settled_at > w.fenced_at) AS settled,
                (SELECT count(*) FROM job_running r WHERE r.incarnation = w.incarnation) AS running
            FROM worker_incarnation w
            WHERE w.incarnation = ?
            """;

    /** One row; reads the attempts through, which are few. */
    static final String ADOPTED = """
            SELECT min(ended_at) AS at
            FROM job_attempt
            WHERE incarnation = ? AND outcome = 'interrupted'
            """;
}
