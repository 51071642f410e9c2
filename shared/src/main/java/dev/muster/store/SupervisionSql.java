package dev.muster.store;

/** Statements over the history of supervision. */
final class SupervisionSql {
    /** A batch, in the order in which its events happened. What an unanswered try has written already stays as it is. */
    static final String APPEND = """
            INSERT INTO supervision_event (writer, number, at, origin, path, child, incarnation, kind, reason, duration_ms,
                detail)
            SELECT ?, e.number, e.at, ?, e.path, e.child, e.incarnation, e.kind, e.reason, e.duration_ms, e.detail
            FROM unnest(?::bigint[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[],
                ?::text[]) AS e (number, at, path, child, incarnation, kind, reason, duration_ms, detail)
            ORDER BY e.number
            ON CONFLICT (writer, number) DO NOTHING
            """;

    /**
     * The newest, by primary key backwards, then ordered by when they happened: a process that Postgres was away from
     * writes late. At most the limit; a filter that little matches reads the whole table, which is one of a few months.
     */
    static final String RECENT = """
            SELECT at, origin, path, child, incarnation, kind, reason, duration_ms, detail
            FROM (
                SELECT *
                FROM supervision_event
                WHERE (?::text IS NULL OR starts_with(path, ?)) AND (?::text IS NULL OR child = ?)
                ORDER BY id DESC
                LIMIT ?) e
            ORDER BY at DESC, id DESC
            """;

    private SupervisionSql() {}
}
