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
     * The next events after the cursor, as many as there are up to a number of rows and, the first aside, until those
     * before hold so many bytes. A row counts once every older transaction has ended: a sequence alone would step over
     * one that commits late. Only a dead job's bytes are fetched, for its dead letter. Index (xid, seq) of each daily
     * partition; at most the limit per table.
     */
    static final String NEXT = """
            SELECT *
            FROM (
                SELECT e.*, sum(s.own) OVER (ORDER BY e.place, e.seq ROWS UNBOUNDED PRECEDING) AS bytes, s.own
                FROM (
                    (SELECT h.xid::text AS xid, h.xid AS place, h.seq, true AS final, h.job_id, h.queue, h.partition,
                        h.record_offset, h.type, h.order_key, h.state AS outcome, h.reason, h.detail, h.result,
                        h.attempt, h.failures, h.recoveries, h.incarnation, h.submitted_at, h.started_at, h.entered_at,
                        h.settled_at AS at,
                        CASE WHEN h.state = 'dead' THEN h.record_key END AS record_key,
                        CASE WHEN h.state = 'dead' THEN h.payload END AS payload,
                        CASE WHEN h.state = 'dead' THEN h.headers END AS headers
                    FROM job_history h
                    WHERE (h.xid, h.seq) > (?::xid8, ?) AND h.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY h.xid, h.seq
                    LIMIT ?)
                    UNION ALL
                    (SELECT a.xid::text, a.xid, a.seq, false, a.job_id, a.queue, NULL, NULL, a.type, NULL, a.outcome,
                        a.reason, a.detail, NULL, a.attempt, NULL, NULL, a.incarnation, NULL, a.started_at,
                        a.entered_at, a.ended_at, NULL, NULL, NULL
                    FROM job_attempt a
                    WHERE (a.xid, a.seq) > (?::xid8, ?) AND a.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY a.xid, a.seq
                    LIMIT ?)
                ) e
                CROSS JOIN LATERAL (
                    SELECT coalesce(octet_length(e.record_key), 0) + coalesce(octet_length(e.payload), 0)
                        + coalesce(octet_length(e.headers), 0) + coalesce(octet_length(e.result), 0) AS own
                ) s
                ORDER BY e.place, e.seq
                LIMIT ?
            ) b
            WHERE b.bytes - b.own < ?
            ORDER BY b.place, b.seq
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
