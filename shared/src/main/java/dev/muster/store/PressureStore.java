package dev.muster.store;

import java.util.List;

/** How far the queues have come. Thread-safe. */
public final class PressureStore {
    private final Db db;

    public PressureStore(Database database) {
        this.db = new Db(database);
    }

    /** Where claiming goes on in a partition, and who does it. */
    public record Position(String queue, int partition, String incarnation, long nextOffset) {}

    /** All partitions that ever had an owner; one without has been claimed nothing of. */
    public List<Position> positions() {
        return db.query(
                "read the positions of all partitions",
                PressureSql.POSITIONS,
                statement -> {},
                row -> new Position(
                        row.getString("queue"),
                        row.getInt("partition"),
                        row.getString("incarnation"),
                        row.getLong("next_offset")));
    }

    /** How many jobs run. */
    public long running() {
        return db.first("count running jobs", PressureSql.RUNNING, statement -> {}, row -> row.getLong("jobs"))
                .orElse(0L);
    }

    /** How many jobs wait in Postgres, counted up to a limit. */
    public long waiting(int limit) {
        return db.first(
                        "count waiting jobs",
                        PressureSql.WAITING,
                        statement -> statement.setInt(1, limit),
                        row -> row.getLong("jobs"))
                .orElse(0L);
    }
}
