package dev.muster.store;

/** Statements over the lease of the coordinators. */
final class LeaseSql {
    /** Takes or renews; no row: somebody else holds it. One row by primary key. */
    static final String LEAD = """
            SELECT lead('coordinator', ?, make_interval(secs => ? / 1000.0)) AS epoch
            """;

    /** Gives the lease up, so that the next one need not wait for its end. Guarded: only what is still mine. */
    static final String RESIGN = """
            UPDATE leader_lease
            SET expires_at = now()
            WHERE name = 'coordinator' AND holder = ? AND epoch = ? AND expires_at > now()
            """;

    /** Who leads by Postgres' clock. At most one row. */
    static final String CURRENT = """
            SELECT holder, epoch
            FROM leader_lease
            WHERE name = 'coordinator' AND expires_at > now()
            """;

    private LeaseSql() {}
}
