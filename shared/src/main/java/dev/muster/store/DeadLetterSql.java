package dev.muster.store;

/**
 * The statements of {@link DeadLetterStore}. All find dead letters by the partial index on fingerprints: they read as many
 * rows as there are dead ones, however long the history is.
 */
final class DeadLetterSql {
    private DeadLetterSql() {}

    /** Postgres' clock, which the times of the history come from. */
    static final String NOW = """
            SELECT now() AS now
            """;

    /** At most the limit; reads all dead letters, then one of each group by index. */
    static final String GROUPS = """
            SELECT g.fingerprint, g.type, dead_cause(l.reason, l.detail) AS cause, g.queues, g.letters, g.keys, g.first_at,
                g.last_at, l.job_id
            FROM (
                SELECT d.fingerprint, min(d.type) AS type, array_agg(DISTINCT d.queue) AS queues, count(*) AS letters,
                    count(DISTINCT (d.queue, d.order_key)) FILTER (WHERE d.order_key IS NOT NULL) AS keys,
                    min(d.settled_at) AS first_at, max(d.settled_at) AS last_at
                FROM dead_letter d
                WHERE (?::text IS NULL OR d.queue = ?) AND (?::text IS NULL OR d.type = ?)
                GROUP BY d.fingerprint
                ORDER BY letters DESC, d.fingerprint
                LIMIT ?) g
            CROSS JOIN LATERAL (
                SELECT h.job_id, h.reason, h.detail
                FROM job_history h
                WHERE h.fingerprint = g.fingerprint AND h.settled_at <= g.last_at
                ORDER BY h.settled_at DESC
                LIMIT 1) l
            ORDER BY g.letters DESC, g.fingerprint
            """;

    /** At most the limit, the latest first. */
    static final String LIST = """
            SELECT job_id, seq, fingerprint, queue, type, order_key, partition, record_offset, attempt, failures, recoveries,
                incarnation, reason, detail, submitted_at, settled_at, redrives
            FROM dead_letter
            WHERE (?::uuid[] IS NULL OR job_id = ANY (?)) AND (?::text IS NULL OR fingerprint = ?)
              AND (?::text IS NULL OR queue = ?) AND (?::text IS NULL OR type = ?)
              AND (?::timestamptz IS NULL OR settled_at >= ?)
            ORDER BY settled_at DESC, seq DESC
            LIMIT ?
            """;

    /**
     * The letters of an order, in which their jobs once ran: by their places in their keys, then by their records' places.
     * Only those that died before the given time, so that what dies again is not found again. Reads all dead letters once.
     */
    static final String ORDERED = """
            SELECT job_id, seq
            FROM dead_letter
            WHERE (?::uuid[] IS NULL OR job_id = ANY (?)) AND (?::text IS NULL OR fingerprint = ?)
              AND (?::text IS NULL OR queue = ?) AND (?::text IS NULL OR type = ?)
              AND (?::timestamptz IS NULL OR settled_at >= ?) AND settled_at < ? AND payload IS NOT NULL
            ORDER BY key_position NULLS LAST, record_offset, partition, seq
            LIMIT ?
            """;

    /** Some of them with their bytes, by the index on jobs. Who was redriven meanwhile is missing. */
    static final String PAGE = """
            SELECT d.job_id, d.seq, d.fingerprint, d.queue, d.type, d.order_key, d.partition, d.record_offset, d.attempt,
                d.failures, d.recoveries, d.incarnation, d.reason, d.detail, d.submitted_at, d.settled_at, d.redrives,
                d.record_key, d.payload, d.headers
            FROM unnest(?::uuid[], ?::bigint[]) WITH ORDINALITY AS l (job_id, seq, ix)
            JOIN dead_letter d ON d.job_id = l.job_id AND d.seq = l.seq
            ORDER BY l.ix
            """;

    /** By the index on jobs, 0 or 1 row. */
    static final String FIND = """
            SELECT job_id, seq, fingerprint, queue, type, order_key, partition, record_offset, attempt, failures, recoveries,
                incarnation, reason, detail, submitted_at, settled_at, redrives, record_key, payload, headers
            FROM dead_letter
            WHERE job_id = ? AND payload IS NOT NULL
            ORDER BY settled_at DESC, seq DESC
            LIMIT 1
            """;

    /** By index, as many rows as the job has steps. */
    static final String CALLS = """
            SELECT step, idempotency_key, opened_at, closed_at
            FROM job_intent
            WHERE job_id = ?
            ORDER BY opened_at, step
            """;

    /** A handful: how often this job was redriven, or became another one. */
    static final String REDRIVES = """
            SELECT redriven_as, batch, redriven_by, redriven_at, key_version, original_payload IS NOT NULL AS edited
            FROM redrive
            WHERE redriven_as = ? OR job_id = ?
            ORDER BY redriven_at, seq
            """;

    /** One row per letter. Locks identities by id, then writes the notes and the waiting rows; see the function. */
    static final String REDRIVE = """
            SELECT ix, verdict
            FROM redrive(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;
}
