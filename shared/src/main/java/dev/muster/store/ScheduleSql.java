package dev.muster.store;

/** The statements of {@link ScheduleStore}. */
final class ScheduleSql {
    private ScheduleSql() {}

    /** No row comes to be where one of that name stands. 0 or 1 row. */
    static final String CREATE = """
            INSERT INTO schedule (name, queue, type, job_key, payload, max_attempts, deadline_after, cron, zone, missed,
                next_fire_at)
            VALUES (?, ?, ?, ?, ?, ?, make_interval(secs => ?), ?, ?, ?, ?)
            ON CONFLICT (name) DO NOTHING
            """;

    /** Tens of rows, perhaps thousands; the order is that of people. */
    static final String LIST = """
            SELECT s.*, extract(epoch FROM s.deadline_after) AS deadline_seconds
            FROM schedule s
            ORDER BY s.name
            LIMIT ?
            """;

    /** By primary key, 0 or 1 row. */
    static final String FIND = """
            SELECT s.*, extract(epoch FROM s.deadline_after) AS deadline_seconds
            FROM schedule s
            WHERE s.name = ?
            """;

    /** By primary key, 0 or 1 row; said again it changes nothing. */
    static final String PAUSE = """
            UPDATE schedule SET paused = ?, updated_at = now()
            WHERE name = ?
            """;

    /** By primary key, 0 or 1 row; the record of its firings goes with it, its jobs stay. */
    static final String DELETE = """
            DELETE FROM schedule
            WHERE name = ?
            """;

    /** By primary key, backwards. */
    static final String FIRINGS = """
            SELECT fire_at, job_id, fired_at
            FROM schedule_firing
            WHERE schedule = ?
            ORDER BY fire_at DESC
            LIMIT ?
            """;

    static final String NOW = """
            SELECT now() AS now
            """;

    /**
     * Those that are late first; reads the small table through. No lock: what is decided about them is compared with
     * them again when it is written.
     */
    static final String DUE = """
            SELECT s.*, extract(epoch FROM s.deadline_after) AS deadline_seconds, q.partitions, now() AS now
            FROM schedule s
            JOIN queue q ON q.name = s.queue
            WHERE s.next_fire_at <= now() AND NOT s.paused
            ORDER BY s.next_fire_at, s.name
            LIMIT ?
            """;

    /** One row per schedule that moved. Locks the lease, then the schedules by name. */
    static final String FIRE = """
            SELECT fire_schedules AS ix
            FROM fire_schedules(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;
}
