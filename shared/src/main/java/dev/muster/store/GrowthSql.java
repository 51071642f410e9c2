package dev.muster.store;

/** The statements of {@link GrowthStore}; the functions stand in {@code V011__grow_queues.sql}. */
final class GrowthSql {
    private GrowthSql() {}

    /** One row. Locks the queue's row. */
    static final String ANNOUNCE = "SELECT announce_growth(?, ?)";

    /** By primary key, 0 or 1 row. From then on time counts; said again it changes nothing. */
    static final String MADE = """
            UPDATE queue SET growing_since = now()
            WHERE name = ? AND growing_to IS NOT NULL AND growing_since IS NULL
            """;

    /** One row. Locks the queue's row, and with it all that take its partitions over. */
    static final String NOTE_SWITCH = "SELECT note_switch(?, ?, make_interval(secs => ?))";

    /** One row. Locks the queue's row, then one partition. */
    static final String GO_ON = "SELECT go_on_growing(?)";

    /** 0 or 1 row; as many index probes as there are old partitions. */
    static final String FIND = """
            SELECT q.partitions, q.growing_to, extract(epoch FROM now() - q.growing_since) AS made_seconds,
                EXISTS (SELECT FROM growth_switch s WHERE s.queue = q.name) AS switched, growth_behind(q.name) AS behind
            FROM queue q
            WHERE q.name = ? AND q.growing_to IS NOT NULL
            """;
}
