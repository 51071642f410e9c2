package dev.muster.store;

/** Statements over incidents. */
final class IncidentSql {
    /** Under an epoch that is not the leader's nothing is written: what was decided under it may be long untrue. */
    static final String OPEN = """
            INSERT INTO incident (kind, subject, summary, detail, epoch)
            SELECT i.kind, i.subject, i.summary, i.detail, i.epoch
            FROM (VALUES (?, ?, ?, ?::jsonb, ?::bigint)) AS i (kind, subject, summary, detail, epoch)
            WHERE i.epoch = 0 OR leads(i.epoch)
            RETURNING id
            """;

    /** What is known by now joins what was known at the opening. */
    static final String CLOSE = """
            UPDATE incident
            SET closed_at = now(), detail = detail || ?::jsonb
            WHERE id = ? AND closed_at IS NULL
            """;

    /** By primary key, as many rows at most as there are ids. */
    static final String CLOSED = """
            SELECT id
            FROM incident
            WHERE id = ANY (?) AND closed_at IS NOT NULL
            """;

    /** The newest, by primary key. */
    static final String RECENT = """
            SELECT id, kind, subject, summary, detail::text AS detail, opened_at, closed_at, epoch
            FROM incident
            ORDER BY id DESC
            LIMIT ?
            """;

    private IncidentSql() {}
}
