package dev.muster.store;

/** Statements over the outbox: the history and the attempts, in commit order. */
final class RelaySql {
    /** Where the relay stands; a new leader takes it over, an old one no longer can. One row. */
    static final String TAKE_CURSOR = """
            INSERT INTO relay_cursor AS c (name, xid, seq, epoch)
            VALUES ('events', '0'::xid8, 0, ?)
            ON CONFLICT (name) DO UPDATE
            SET epoch = EXCLUDED.epoch
            WHERE c.epoch <= EXCLUDED.epoch
            RETURNING xid::text AS xid, seq
            """;

    /** Guarded by the epoch: no row changed means deposed. */
    static final String MOVE_CURSOR = """
            UPDATE relay_cursor
            SET xid = ?::xid8, seq = ?
            WHERE name = 'events' AND epoch = ?
            """;

    /**
     * The next events after the cursor, as many as there are up to a number of rows, without the bytes of dead jobs and
     * without results beyond a length; the last column says how many bytes each has. A row counts once every older
     * transaction has ended: a sequence alone would step over one that commits late. Index (xid, seq) of each daily
     * partition; at most the limit per table.
     */
    static final String NEXT = """
            SELECT *
            FROM (
                (SELECT h.xid, h.seq, h.job_id, h.queue, h.type, h.order_key, h.state AS outcome, h.reason, h.detail,
                    CASE WHEN octet_length(h.result) <= ? THEN h.result END AS result, h.attempt, h.failures,
                    h.recoveries, h.incarnation, h.submitted_at, h.started_at, h.entered_at, h.settled_at AS at,
                    h.partition, h.record_offset,
                    coalesce(octet_length(h.result), 0) + CASE WHEN h.state = 'dead' THEN
                        coalesce(octet_length(h.record_key), 0) + coalesce(octet_length(h.payload), 0)
                        + coalesce(octet_length(h.headers), 0) ELSE 0 END AS bytes
                FROM job_history h
                WHERE (h.xid, h.seq) > (?::xid8, ?) AND h.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY h.xid, h.seq
                LIMIT ?)
                UNION ALL
                (SELECT a.xid, a.seq, a.job_id, a.queue, a.type, NULL, a.outcome, a.reason, a.detail, NULL, a.attempt,
                    NULL, NULL, a.incarnation, NULL, a.started_at, a.entered_at, a.ended_at, NULL, NULL, NULL
                FROM job_attempt a
                WHERE (a.xid, a.seq) > (?::xid8, ?) AND a.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY a.xid, a.seq
                LIMIT ?)
            ) e
            ORDER BY e.xid, e.seq
            LIMIT ?
            """;

    /** What {@link #NEXT} has left out of these rows of the history. Index (xid, seq) of the days that they are of. */
    static final String MORE = """
            SELECT h.seq, h.result,
                CASE WHEN h.state = 'dead' THEN h.record_key END AS record_key,
                CASE WHEN h.state = 'dead' THEN h.payload END AS payload,
                CASE WHEN h.state = 'dead' THEN h.headers END AS headers
            FROM unnest(?::text[], ?::bigint[]) AS p (xid, seq)
            JOIN job_history h ON h.xid = p.xid::xid8 AND h.seq = p.seq AND h.settled_at BETWEEN ? AND ?
            """;

    /** Incidents whose opening or end was not told yet. A handful, by the partial index. */
    static final String NEXT_INCIDENTS = """
            SELECT id, kind, subject, summary, detail::text AS detail, opened_at, closed_at, epoch
            FROM incident
            WHERE relayed < 2 AND relayed < CASE WHEN closed_at IS NULL THEN 1 ELSE 2 END
            ORDER BY id
            LIMIT ?
            """;

    /** What was told: the opening, or the end too. By primary key. */
    static final String MARK_INCIDENTS = """
            UPDATE incident i
            SET relayed = t.relayed
            FROM unnest(?::bigint[], ?::smallint[]) AS t (id, relayed)
            WHERE i.id = t.id AND i.relayed < t.relayed
            """;

    private RelaySql() {}
}
