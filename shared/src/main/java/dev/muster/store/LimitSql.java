package dev.muster.store;

/** The statements of {@link LimitStore}. */
final class LimitSql {
    private LimitSql() {}

    /** Null takes it away. Wakes who waits for a slot of it: an index scan over those. */
    static final String SET = "SELECT set_limit(?, ?, ?)";

    /** Tens of rows, in the order in which they are looked for. */
    static final String LIST = """
            SELECT kind, name, max
            FROM run_limit
            ORDER BY CASE kind WHEN 'key' THEN 0 WHEN 'prefix' THEN 1 ELSE 2 END, name
            """;

    /** As many rows as keys are in use. For people. */
    static final String USE = """
            SELECT l.limit_key, count(s.job_id) AS running, count(l.turn) AS waiting
            FROM limited_job l
            LEFT JOIN limit_slot s ON s.job_id = l.job_id
            GROUP BY l.limit_key
            HAVING count(s.job_id) + count(l.turn) > 0
            ORDER BY l.limit_key
            LIMIT ?
            """;
}
