package dev.muster.store;

/** The statements of {@link QueueStore}. */
final class QueueSql {
    private QueueSql() {}

    /** No row comes to be where one of that name stands: a queue's ordering never changes under its jobs. 0 or 1 row. */
    static final String CREATE = """
            INSERT INTO queue (name, ordering, pool, partitions, duplicate_window, paused, weight)
            VALUES (?, ?, ?, ?, make_interval(secs => ?), ?, ?)
            ON CONFLICT (name) DO NOTHING
            """;

    /** Tens of rows; the order is that of people. */
    static final String LIST = """
            SELECT name, ordering, pool, partitions, extract(epoch FROM duplicate_window) AS window_seconds, paused,
                weight, growth
            FROM queue
            ORDER BY name
            """;

    /** By primary key, 0 or 1 row. */
    static final String FIND = """
            SELECT name, ordering, pool, partitions, extract(epoch FROM duplicate_window) AS window_seconds, paused,
                weight, growth
            FROM queue
            WHERE name = ?
            """;

    /** By primary key, 0 or 1 row. Workers see it within two seconds. */
    static final String WEIGH = """
            UPDATE queue SET weight = ?
            WHERE name = ?
            """;

    /** By primary key, 0 or 1 row; said again it changes nothing. Workers see it at their next start of due jobs. */
    static final String PAUSE = """
            UPDATE queue SET paused = ?
            WHERE name = ?
            """;
}
