package dev.muster.store;

/**
 * The statements of the ownership protocol. Nearly all call a function of {@code V002__create_ownership_functions.sql},
 * where the locks and guards are explained; each is one autocommit statement.
 */
final class OwnershipSql {
    private OwnershipSql() {}

    /** One row per partition. Locks the incarnation and the partitions. */
    static final String TAKE_OVER = "SELECT * FROM take_over(?, ?, ?, ?, ?)";

    static final String RESET_EPOCH = "SELECT reset_epoch(?, ?, ?, ?)";

    static final String RESET_POSITION = "SELECT reset_position(?, ?, ?, ?, ?)";

    /** One row per record. Locks the partitions, then identities by id. */
    static final String CLAIM = """
            SELECT ix, verdict, behind
            FROM claim(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";

    /** The adopted jobs. Locks the partitions, then the free ones of the rows. */
    static final String ADOPT = "SELECT * FROM adopt(?, ?, ?, ?, ?)";

    /** At most the given number of due jobs. Locks the partitions. */
    static final String START_DUE = "SELECT * FROM start_due(?, ?, ?, ?, ?)";

    /** One row per outcome, then one per job that a freed key starts. */
    static final String SETTLE = """
            SELECT s.verdict, s.job_id AS settled, (s.started).*
            FROM settle(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::json, ?, ?, ?, ?) s""";

    /** Guard (b). Locks the rows by their places in their keys. */
    static final String PUT_BACK = "SELECT put_back(?, ?, ?)";

    static final String INTEND = "SELECT * FROM intend(?, ?, ?, ?)";

    /** Those of the given runs that are ours, under a new number each. Locks them by their places in their keys, others by id. */
    static final String BEGIN_AGAIN = "SELECT * FROM begin_again(?, ?, ?)";

    /** Notes that a lent job's handler is about to be entered, once per run. Guard (b): the row, or none. */
    static final String ENTER = """
            UPDATE job_running
            SET entered_at = clock_timestamp()
            WHERE job_id = ?
              AND incarnation = ?
              AND attempt = ?
              AND entered_at IS NULL
            RETURNING *""";

    /**
     * The runs of an incarnation: as many as it has slots, or a little more. Reads the small table through, but none of the
     * jobs' bytes.
     */
    static final String CENSUS = """
            SELECT job_id, attempt, queue, partition
            FROM job_running
            WHERE incarnation = ?""";

    /** What is wished of the jobs that an incarnation runs. A small table joined with a small table. */
    static final String WISHES = """
            SELECT c.job_id, c.wished_by, c.reason
            FROM cancel_wish c
            JOIN job_running r ON r.job_id = c.job_id
            WHERE r.incarnation = ?
              -- A run that repeats a call of an earlier one has to have its answer: it is not told.
              AND NOT EXISTS (SELECT FROM job_intent i
                  WHERE i.job_id = c.job_id AND i.closed_at IS NULL AND i.opened_at < r.started_at)""";

    /** How far runs are. Guard (b), and the running row locked, so that a late word of an earlier run can't follow. */
    static final String PROGRESS = """
            WITH mine AS MATERIALIZED (
                SELECT r.job_id, s.attempt, s.percent, s.note
                FROM unnest(?::uuid[], ?::integer[], ?::integer[], ?::text[]) AS s (job_id, attempt, percent, note)
                JOIN job_running r ON r.job_id = s.job_id AND r.incarnation = ? AND r.attempt = s.attempt
                ORDER BY r.job_id
                FOR NO KEY UPDATE OF r)
            INSERT INTO job_progress (job_id, attempt, percent, note)
            SELECT m.job_id, m.attempt, m.percent, m.note
            FROM mine m
            ON CONFLICT (job_id) DO UPDATE SET
                attempt = EXCLUDED.attempt, percent = EXCLUDED.percent, note = EXCLUDED.note, said_at = now()""";

    /** Running rows of others in my partitions. Reads the small table through. */
    static final String FOREIGN = """
            SELECT r.job_id, r.incarnation, w.fenced_at IS NOT NULL AS fenced
            FROM unnest(?::text[], ?::integer[]) AS p (queue, partition)
            JOIN job_running r ON r.queue = p.queue AND r.partition = p.partition
            LEFT JOIN worker_incarnation w ON w.incarnation = r.incarnation
            WHERE r.incarnation <> ?""";

    /**
     * Per queue the milliseconds until there is something to do for the waiting jobs of these partitions: the first is
     * due, or, also in a paused queue, has passed its deadline. No row: none has a time. Two index probes each.
     */
    static final String NEXT_DUE = """
            SELECT p.queue, greatest(0, extract(epoch FROM min(w.at) - now()) * 1000)::bigint
            FROM unnest(?::text[], ?::integer[]) AS p (queue, partition)
            JOIN queue q ON q.name = p.queue
            CROSS JOIN LATERAL (
                (SELECT x.due_at AS at
                FROM job_waiting x
                WHERE x.queue = p.queue AND x.partition = p.partition AND NOT q.paused
                  AND x.due_at > '-infinity' -- index job_waiting_due
                ORDER BY x.due_at
                LIMIT 1)
                UNION ALL
                (SELECT x.deadline
                FROM job_waiting x
                WHERE x.queue = p.queue AND x.partition = p.partition AND x.deadline IS NOT NULL
                ORDER BY x.deadline
                LIMIT 1)) w
            WHERE w.at < 'infinity'
            GROUP BY p.queue""";

    /** Notes when the handlers of adopted jobs were entered: what recovery is measured by. Guard (b). */
    static final String ENTERED = """
            UPDATE job_running r
            SET entered_at = e.entered_at
            FROM unnest(?::uuid[], ?::integer[], ?::timestamptz[]) AS e (job_id, attempt, entered_at)
            WHERE r.job_id = e.job_id
              AND r.incarnation = ?
              AND r.attempt = e.attempt""";

    /** Is a leader's lease fresh? Then it decides who is dead. */
    static final String LEADER_IS_FRESH = """
            SELECT EXISTS (SELECT FROM leader_lease WHERE name = 'coordinator' AND expires_at > now())""";

    static final String REJECTED_CLAIM = """
            INSERT INTO rejected_write (incarnation, operation, queue, partition)
            SELECT ?, 'claim', p.queue, p.partition
            FROM unnest(?::text[], ?::integer[]) AS p (queue, partition)""";
}
