package dev.muster.bench.trial;

/** The statements that fill a store, as a coordinator and workers would have left it after four weeks. */
final class BacklogSql {
    static final int DAYS = 28;

    private BacklogSql() {}

    /** A partition for each of the days before today, as the leader makes them ahead. */
    static final String CREATE_DAYS = """
            DO $$
            DECLARE
                midnight timestamptz := date_trunc('day', now(), 'UTC');
                day timestamptz;
            BEGIN
                FOR n IN 1..28 LOOP
                    day := midnight - n * interval '24 hours';
                    EXECUTE format('CREATE TABLE muster.%I PARTITION OF muster.job_history FOR VALUES FROM (%L) TO (%L)',
                        'job_history_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), day, day + interval '24 hours');
                END LOOP;
            END $$""";

    /** The finished jobs of one day, as wide as those of a drain. Parameters: queue, partitions, days ago, rows. */
    static final String FILL_HISTORY = """
            INSERT INTO muster.job_history (job_id, queue, partition, record_offset, type, state, attempt, failures,
                recoveries, incarnation, submitted_at, claimed_at, started_at, entered_at, settled_at)
            SELECT gen_random_uuid(), f.queue, n % f.partitions, n, 'bench.noop', 'succeeded', 1, 0, 0, f.queue || '-1#1',
                t.settled - interval '50 ms', t.settled - interval '40 ms', t.settled - interval '40 ms',
                t.settled - interval '20 ms', t.settled
            FROM (SELECT ?::text AS queue, ?::integer AS partitions, ?::integer AS days_ago, ?::bigint AS jobs) f
            CROSS JOIN LATERAL generate_series(0, f.jobs - 1) n
            CROSS JOIN LATERAL (
                SELECT date_trunc('day', now(), 'UTC') - f.days_ago * interval '24 hours'
                    + n * (interval '24 hours' / f.jobs) AS settled) t""";

    /** Scheduled jobs with a payload of 200 bytes and headers of 100. Parameters: queue, partitions, rows. */
    static final String FILL_WAITING = """
            INSERT INTO muster.job_waiting (job_id, queue, partition, record_offset, state, due_at, type, submitted_at,
                record_key, payload, headers)
            SELECT gen_random_uuid(), f.queue, n % f.partitions, n, 'scheduled',
                now() + interval '48 hours' + random() * 28 * interval '24 hours', 'bench.noop', now(),
                convert_to('cus_' || n % 10000, 'UTF8'), convert_to(rpad('{"number":' || n || ',"note":"', 198, 'x') || '"}', 'UTF8'),
                convert_to(rpad('', 100, 'h'), 'UTF8')
            FROM (SELECT ?::text AS queue, ?::integer AS partitions, ?::bigint AS jobs) f
            CROSS JOIN LATERAL generate_series(0, f.jobs - 1) n""";

    /** All of that was told before: the relay begins behind it. */
    static final String SET_CURSOR = """
            INSERT INTO muster.relay_cursor (name, xid, seq, epoch)
            SELECT 'events', h.xid, h.seq, 0
            FROM muster.job_history h
            ORDER BY h.xid DESC, h.seq DESC
            LIMIT 1""";
}
