package dev.muster.store;

/** The statements of {@link KeyHoldStore}. */
final class KeyHoldSql {
    private KeyHoldSql() {}

    /** By primary key, 0 or 1 row: none where there is no such queue. */
    static final String SAY = """
            INSERT INTO dead_policy (queue, type, holds)
            SELECT q.name, ?, ?
            FROM queue q
            WHERE q.name = ?
            ON CONFLICT (queue, type) DO UPDATE SET holds = EXCLUDED.holds
            """;

    /** By primary key, 0 or 1 row. */
    static final String UNSAY = """
            DELETE FROM dead_policy
            WHERE type = ? AND queue = ?
            """;

    /** A handful. */
    static final String POLICIES = """
            SELECT queue, type, holds
            FROM dead_policy
            ORDER BY queue, type
            """;

    /** At most the limit, the oldest first. Of what waits behind each at most a thousand are counted, by index. */
    static final String HELD = """
            SELECT k.queue, k.order_key, k.job_id, k.type, k.held_at,
                (SELECT count(*) FROM (
                    SELECT FROM job_waiting w
                    WHERE w.queue = k.queue AND w.order_key = k.order_key AND w.key_position IS NOT NULL
                    LIMIT 1000) behind)::integer AS behind
            FROM key_hold k
            WHERE ?::text IS NULL OR k.queue = ?
            ORDER BY k.held_at, k.queue, k.order_key
            LIMIT ?
            """;

    /** Locks the partitions of the hold and of who waits first behind it; one row. */
    static final String RELEASE = "SELECT release_key(?, ?)";
}
