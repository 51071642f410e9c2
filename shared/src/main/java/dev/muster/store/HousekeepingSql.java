package dev.muster.store;

/**
 * Statements that remove what is over. Each touches a few thousand rows at most, writes nothing when the epoch is not the
 * leader's, and passes over rows that somebody has locked, so that nobody waits for it longer than it runs.
 */
final class HousekeepingSql {
    /** Postgres' clock; cutoffs come from it. */
    static final String NOW = """
            SELECT now() AS now
            """;

    /** The daily partitions there are: a few dozen. */
    static final String PARTITIONS = """
            SELECT p.relname AS parent, right(c.relname, 8) AS day
            FROM pg_inherits i
            JOIN pg_class p ON p.oid = i.inhparent
            JOIN pg_class c ON c.oid = i.inhrelid
            WHERE p.oid IN ('job_history'::regclass, 'job_attempt'::regclass) AND c.relname ~ '_[0-9]{8}$'
            ORDER BY c.relname
            """;

    /** None, or what a time without a coordinator has left; not worth an exact number beyond the limit. */
    static final String IN_DEFAULT = """
            SELECT (SELECT count(*) FROM (SELECT FROM job_history_default LIMIT ?) h) AS history,
                (SELECT count(*) FROM (SELECT FROM job_attempt_default LIMIT ?) a) AS attempts
            """;

    /** What was deleted of the running rows and stands in their table still, by the statistics, which lag a second. */
    static final String DEAD_RUNNING = """
            SELECT pg_stat_get_dead_tuples('job_running'::regclass) AS dead, pg_table_size('job_running') AS bytes
            """;

    /**
     * Passes the table over while autovacuum is at it. Gives no empty pages at the end back, for which everybody would be
     * locked out for a moment: they are soon needed again.
     */
    static final String VACUUM_RUNNING = """
            VACUUM (SKIP_LOCKED, TRUNCATE FALSE, PARALLEL 0) job_running
            """;

    /** The same, and gives them back. */
    static final String SHRINK_RUNNING = """
            VACUUM (SKIP_LOCKED, PARALLEL 0) job_running
            """;

    static final String ENSURE_PARTITION = """
            SELECT ensure_partition(?, ?, ?) AS verdict
            """;

    /** Locks the default partition for a moment; reads nothing. */
    static final String EXCLUDE_DAY = """
            SELECT exclude_day(?, ?, ?)
            """;

    /** Reads all of the default partition, which may take minutes; writers and readers go on meanwhile. */
    static final String PROVE_DAY = """
            SELECT prove_day(?, ?, ?)
            """;

    static final String DROP_PARTITION = """
            SELECT drop_partition(?, ?, ?) AS verdict
            """;

    // ---- the oldest rows of tables that keep few, or that are ordered by an ascending key ----

    /** Of closed ones that were relayed; a table of a few thousand rows, read as it is. One that a pool stands on stays. */
    static final String INCIDENTS = """
            DELETE FROM incident
            WHERE id IN (
                SELECT i.id
                FROM incident i
                WHERE i.closed_at < ? AND leads(?) AND i.relayed = 2
                  AND NOT EXISTS (SELECT FROM pool_given_up p WHERE p.incident = i.id)
                LIMIT ?
                FOR UPDATE SKIP LOCKED)
            """;

    /** Looks at the oldest by primary key only, which were written when they happened, or not much later. */
    static final String SUPERVISION = """
            DELETE FROM supervision_event
            WHERE at < ? AND id IN (SELECT e.id FROM supervision_event e WHERE leads(?) ORDER BY e.id LIMIT ?)
            """;

    /** As with supervision. */
    static final String REJECTED_WRITES = """
            DELETE FROM rejected_write
            WHERE at < ? AND id IN (SELECT e.id FROM rejected_write e WHERE leads(?) ORDER BY e.id LIMIT ?)
            """;

    /**
     * Lives that were fenced long ago. One that running rows name stays: without it nobody would know that they may be
     * adopted. One that a partition names stays too. A worker's own row stays, so that no number is used twice.
     */
    static final String INCARNATIONS = """
            WITH old AS (
                SELECT w.incarnation
                FROM worker_incarnation w
                WHERE w.fenced_at < ? AND leads(?)
                  AND NOT EXISTS (SELECT FROM job_running r WHERE r.incarnation = w.incarnation)
                  AND NOT EXISTS (SELECT FROM partition_owner o WHERE o.incarnation = w.incarnation)
                LIMIT ?
                FOR UPDATE SKIP LOCKED),
            leases AS (
                DELETE FROM drain_lease d USING old WHERE d.incarnation = old.incarnation)
            DELETE FROM worker_incarnation w USING old WHERE w.incarnation = old.incarnation
            """;

    /**
     * Notes of dead letters that were redriven, when neither the letter nor the job that it became is in any table: until
     * then they say that a letter was redriven, how often, and under which version of its keys it runs. A small table.
     */
    static final String REDRIVES = """
            DELETE FROM redrive
            WHERE seq = ANY (ARRAY(
                SELECT d.seq
                FROM redrive d
                WHERE d.redriven_at < ? AND leads(?)
                  AND NOT EXISTS (SELECT FROM job_running r WHERE r.job_id = d.redriven_as)
                  AND NOT EXISTS (SELECT FROM job_waiting w WHERE w.job_id = d.redriven_as)
                  AND NOT EXISTS (SELECT FROM job_history h WHERE h.job_id IN (d.job_id, d.redriven_as))
                LIMIT ?
                FOR UPDATE SKIP LOCKED))
            """;

    /** By the index on the default partition's time; what was not relayed stays. */
    static final String DEFAULT_HISTORY = """
            DELETE FROM job_history_default
            WHERE ctid = ANY (ARRAY(
                SELECT h.ctid
                FROM job_history_default h
                WHERE h.settled_at < ? AND leads(?)
                  AND (h.xid, h.seq) <= (SELECT c.xid, c.seq FROM relay_cursor c WHERE c.name = 'events')
                LIMIT ?))
            """;

    /** As with the history. */
    static final String DEFAULT_ATTEMPTS = """
            DELETE FROM job_attempt_default
            WHERE ctid = ANY (ARRAY(
                SELECT a.ctid
                FROM job_attempt_default a
                WHERE a.ended_at < ? AND leads(?)
                  AND (a.xid, a.seq) <= (SELECT c.xid, c.seq FROM relay_cursor c WHERE c.name = 'events')
                LIMIT ?))
            """;

    // ---- tables of the hot path, read page by page: no index that each insert would pay for ----

    /** Identities past their queue's window: 64 pages have 4,800 rows. */
    static final String IDENTITIES = """
            WITH past AS (
                SELECT i.ctid AS place
                FROM job_identity i
                LEFT JOIN queue q ON q.name = i.queue
                WHERE i.ctid >= ?::tid AND i.ctid < ?::tid
                  AND i.seen_at < ?::timestamptz - coalesce(q.duplicate_window, interval '0') AND leads(?)
                FOR UPDATE OF i SKIP LOCKED),
            gone AS (
                DELETE FROM job_identity i USING past WHERE i.ctid = past.place RETURNING 1)
            SELECT (SELECT count(*) FROM gone) AS removed,
                pg_relation_size('job_identity') / current_setting('block_size')::bigint AS pages
            """;

    /** Intents of jobs that are neither unfinished nor in the history any more: they go with their job's day. */
    static final String INTENTS = """
            SELECT sweep_intents(?::tid, ?::tid, ?, ?) AS removed,
                pg_relation_size('job_intent') / current_setting('block_size')::bigint AS pages
            """;

    static final String DUPLICATES = """
            WITH past AS (
                SELECT d.ctid AS place
                FROM duplicate_submission d
                WHERE d.ctid >= ?::tid AND d.ctid < ?::tid AND d.seen_at < ? AND leads(?)
                FOR UPDATE OF d SKIP LOCKED),
            gone AS (
                DELETE FROM duplicate_submission d USING past WHERE d.ctid = past.place RETURNING 1)
            SELECT (SELECT count(*) FROM gone) AS removed,
                pg_relation_size('duplicate_submission') / current_setting('block_size')::bigint AS pages
            """;

    private HousekeepingSql() {}
}
