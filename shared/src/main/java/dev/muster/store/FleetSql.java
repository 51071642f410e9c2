package dev.muster.store;

/** Statements over workers and their incarnations. */
final class FleetSql {
    /** A new life of a worker; null while the one before is not fenced, or when the epoch is the leader's no more. */
    static final String MINT = """
            SELECT mint_incarnation(?, ?, ?, ?, ?) AS incarnation
            """;

    /** What the launcher knows about the process; once that has registered itself, its own word stands. By primary key. */
    static final String RECORD_PROCESS = """
            UPDATE worker_incarnation
            SET host = ?, pid = ?, process_started_at = ?
            WHERE incarnation = ? AND started_at IS NULL
            """;

    /** Gives up to wait for a lock after 200 ms: the caller ends the holder's backends and tries again. */
    static final String FENCE = """
            SELECT fence(?, ?, ?, ?) AS verdict
            """;

    static final String END_BACKENDS = """
            SELECT end_backends(?) AS ended
            """;

    /** All lives that are not fenced; by the partial unique index one per worker, so as many as there are workers. */
    static final String LIVE = """
            SELECT incarnation, pool, launcher, host, pid, process_started_at, health_host, health_port, started_at, minted_at
            FROM worker_incarnation
            WHERE fenced_at IS NULL
            ORDER BY worker, number
            """;

    private FleetSql() {}
}
