package dev.muster.store;

/** What a worker says and asks about its own life. */
final class IncarnationSql {
    private IncarnationSql() {}

    static final String MINT = "SELECT mint_incarnation(?, ?, ?, ?, NULL)";

    /** One row if the incarnation is there, unfenced and not started by somebody else. */
    static final String REGISTER = """
            UPDATE worker_incarnation
            SET host = ?, pid = ?, process_started_at = ?, health_host = ?, health_port = ?, started_at = now()
            WHERE incarnation = ?
              AND fenced_at IS NULL
              AND started_at IS NULL
            RETURNING true""";

    static final String OWN_ROW = """
            SELECT fenced_reason
            FROM worker_incarnation
            WHERE incarnation = ?""";

    static final String FENCE = "SELECT fence(?, ?, ?, NULL)";

    static final String DRAIN = """
            INSERT INTO drain_lease (incarnation, expires_at) VALUES (?, now() + interval '3 seconds')
            ON CONFLICT (incarnation) DO UPDATE SET expires_at = EXCLUDED.expires_at""";
}
