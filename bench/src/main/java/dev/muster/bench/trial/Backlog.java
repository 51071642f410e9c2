package dev.muster.bench.trial;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a store holds that has been at work for weeks, and what a drain should not be slower for.
 *
 * @param history rows of finished jobs, a 28th on each of the days before today, and told to {@code muster.events} already
 * @param waiting rows of scheduled jobs, due within four weeks from tomorrow on
 */
public record Backlog(long history, long waiting) {
    /** An empty store. */
    public static final Backlog NONE = new Backlog(0, 0);

    public Backlog {
        if (history < 0 || waiting < 0) {
            throw new IllegalArgumentException("a number is negative: " + history + ", " + waiting);
        }
    }

    public boolean isEmpty() {
        return equals(NONE);
    }

    /** Writes all of it, as rows of this queue, evenly over its partitions. Takes minutes for millions. */
    void fill(Connection connection, String queue, int partitions) throws SQLException {
        if (isEmpty()) {
            return;
        }
        long daily = history / BacklogSql.DAYS;
        try (Statement statement = connection.createStatement()) {
            statement.execute(BacklogSql.CREATE_DAYS);
        }
        for (int day = 1; daily > 0 && day <= BacklogSql.DAYS; day++) {
            try (PreparedStatement statement = connection.prepareStatement(BacklogSql.FILL_HISTORY)) {
                statement.setString(1, queue);
                statement.setInt(2, partitions);
                statement.setInt(3, day);
                statement.setLong(4, daily);
                statement.executeUpdate();
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(BacklogSql.FILL_WAITING)) {
            statement.setString(1, queue);
            statement.setInt(2, partitions);
            statement.setLong(3, waiting);
            statement.executeUpdate();
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(BacklogSql.SET_CURSOR);
        }
    }
}
