package dev.muster.store;

/** Statements about jobs that may have killed their worker. */
final class QuarantineSql {
    private QuarantineSql() {}

    /** As many rows as the incarnation runs jobs; a small table, with another by primary key. */
    static final String IN_FLIGHT = """
            SELECT r.job_id, r.attempt, r.queue, r.type, r.entered_at IS NOT NULL AS entered,
                s.standing, s.deaths, s.weight, s.company, s.lend_to
            FROM job_running r
            LEFT JOIN suspect s ON s.job_id = r.job_id AND s.attempt = r.attempt - 1
            WHERE r.incarnation = ?
            ORDER BY r.job_id
            """;

    /** Gives up to wait for a lock after 200 ms, as a fence does. */
    static final String FENCE_DEATH = """
            SELECT fence_death(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS verdict
            """;

    /** The suspects whose rows are where they can be lent from or were lent to. Hardly ever one. */
    static final String SUSPECTS = """
            SELECT s.job_id, s.pool, s.company, s.lend_to, r.job_id IS NOT NULL AS running,
                floor(extract(epoch FROM now() - s.lent_at) * 1000)::bigint AS lent_ms
            FROM suspect s
            LEFT JOIN job_running r ON r.job_id = s.job_id AND r.attempt = s.attempt + 1
            LEFT JOIN job_waiting w ON w.job_id = s.job_id AND w.attempt = s.attempt
            WHERE s.standing = 'suspected' AND (r.job_id IS NOT NULL OR w.job_id IS NOT NULL)
            ORDER BY s.since, s.job_id
            """;

    /** Is there anything to be swept? */
    static final String ANY = """
            SELECT EXISTS (SELECT FROM suspect) AS found
            """;

    static final String LEND = """
            SELECT lend_suspects(?, ?, ?)
            """;

    static final String RELEASE = """
            SELECT release_suspects(?, ?)
            """;

    static final String SWEEP = """
            SELECT sweep_suspects(?) AS removed
            """;

    static final String DECIDE_HELD = """
            SELECT decide_held(?, ?, ?) AS verdict
            """;
}
