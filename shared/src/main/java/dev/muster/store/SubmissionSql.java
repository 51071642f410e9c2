package dev.muster.store;

/** Statements over the outbox of submissions, in commit order. */
final class SubmissionSql {
    private SubmissionSql() {}

    /** The leader of this epoch brings them from now on; says which batch was the last. One row, or none: a later one does. */
    static final String TAKE = """
            UPDATE submission_relay
            SET epoch = ?, max_bytes = ?
            WHERE epoch <= ?
            RETURNING batch
            """;

    /**
     * The next rows: at most the limit, and of those as many as have 8 MB together. A row counts once every older
     * transaction has ended: a sequence alone would step over one that commits late. By primary key.
     */
    static final String NEXT = """
            SELECT b.xid::text AS xid, b.seq, b.queue, b.source, b.id, b.type, b.job_key, b.data, b.said_at,
                b.attributes::text AS attributes,
                EXISTS (SELECT FROM queue q WHERE q.name = b.queue) AS is_queue
            FROM (
                SELECT n.*, sum(octet_length(n.data)) OVER (ORDER BY n.place, n.seq) - octet_length(n.data) AS before
                FROM (
                    SELECT s.*, s.xid AS place
                    FROM submission s
                    WHERE s.refused IS NULL AND s.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY s.xid, s.seq
                    LIMIT ?) n) b
            WHERE b.before < 8388608
            ORDER BY b.place, b.seq
            """;

    /** Says which batch is on its way, before it is. Guarded by the epoch: no row means deposed. */
    static final String PREPARE = """
            UPDATE submission_relay
            SET batch = ?, xid = ?::xid8, seq = ?
            WHERE epoch = ?
            """;

    /**
     * Removes the rows of a batch that Kafka has. All of them were read: what is below the oldest running transaction does
     * not change any more. Guarded by the epoch, whose row is held meanwhile.
     */
    static final String FINISH = """
            WITH held AS MATERIALIZED (
                SELECT r.xid, r.seq
                FROM submission_relay r
                WHERE r.epoch = ? AND r.batch = ?
                FOR NO KEY UPDATE)
            DELETE FROM submission s
            USING held h
            WHERE (s.xid, s.seq) <= (h.xid, h.seq) AND s.refused IS NULL
            """;

    /** Sets rows aside that Kafka would never take, so that the others go on. By primary key; guarded by the epoch. */
    static final String REFUSE = """
            WITH held AS MATERIALIZED (
                SELECT FROM submission_relay r
                WHERE r.epoch = ?
                FOR NO KEY UPDATE)
            UPDATE submission s
            SET refused = f.why
            FROM held, unnest(?::text[], ?::bigint[], ?::text[]) AS f (xid, seq, why)
            WHERE s.xid = f.xid::xid8 AND s.seq = f.seq
            """;
}
