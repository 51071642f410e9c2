package dev.muster.store;

import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The queues there are. A queue's topic is made apart from its row, before it: who sees the row may read the topic. Thread-safe. */
public final class QueueStore {
    /** How long a new queue recognises a repeated submission, unless it is told otherwise. */
    public static final Duration DEFAULT_DUPLICATE_WINDOW = Duration.ofDays(7);

    private final Db db;

    public QueueStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * Makes a queue.
     *
     * @return false where one of that name exists; it stays as it is
     * @throws StoreException if Postgres can't
     */
    public boolean create(Queue queue) {
        return db.update("create queue " + queue.name(), QueueSql.CREATE, statement -> {
                    statement.setString(1, queue.name());
                    statement.setString(2, queue.ordering().wireName());
                    statement.setString(3, queue.pool());
                    statement.setInt(4, queue.partitions());
                    statement.setObject(
                            5,
                            queue.duplicateWindow()
                                    .map(window -> window.toMillis() / 1000.0)
                                    .orElse(null),
                            Types.DOUBLE);
                    statement.setBoolean(6, queue.paused());
                    statement.setInt(7, queue.weight());
                })
                == 1;
    }

    /** All queues, by name. */
    public List<Queue> list() {
        return db.query("list queues", QueueSql.LIST, statement -> {}, QueueStore::queue);
    }

    public Optional<Queue> find(String name) {
        return db.first(
                "find queue " + name, QueueSql.FIND, statement -> statement.setString(1, name), QueueStore::queue);
    }

    /**
     * Pauses a queue, or lets it go on: while it is paused no job of it is started.
     *
     * @return false where there is no such queue
     */
    public boolean pause(String name, boolean paused) {
        return db.update((paused ? "pause queue " : "resume queue ") + name, QueueSql.PAUSE, statement -> {
                    statement.setBoolean(1, paused);
                    statement.setString(2, name);
                })
                == 1;
    }

    /**
     * Gives a queue another weight.
     *
     * @param weight 1 to 1000
     * @return false where there is no such queue
     */
    public boolean weigh(String name, int weight) {
        return db.update("weigh queue " + name, QueueSql.WEIGH, statement -> {
                    statement.setInt(1, weight);
                    statement.setString(2, name);
                })
                == 1;
    }

    private static Queue queue(ResultSet row) throws SQLException {
        BigDecimal window = row.getBigDecimal("window_seconds");
        return new Queue(
                row.getString("name"),
                Ordering.parse(row.getString("ordering")),
                row.getString("pool"),
                row.getInt("partitions"),
                Optional.ofNullable(window)
                        .map(seconds ->
                                Duration.ofMillis(seconds.movePointRight(3).longValue())),
                row.getBoolean("paused"),
                row.getInt("weight"),
                row.getInt("growth"));
    }
}
