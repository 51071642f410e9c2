package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Rows as the array parameters of a statement: one array for each column. */
final class Columns {
    private Columns() {}

    /** A column; {@code type} is Postgres' element type. */
    static <T> Array of(PreparedStatement statement, String type, List<T> rows, Function<T, @Nullable Object> cell)
            throws SQLException {
        @Nullable Object[] cells = new @Nullable Object[rows.size()];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = cell.apply(rows.get(i));
        }
        return Db.array(statement, type, cells);
    }

    /** A column of bytes, which the driver takes in an array of that very type only. */
    static <T> Array bytes(PreparedStatement statement, List<T> rows, Function<T, byte @Nullable []> cell)
            throws SQLException {
        byte[] @Nullable [] cells = new byte[rows.size()] @Nullable [];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = cell.apply(rows.get(i));
        }
        return Db.array(statement, "bytea", cells);
    }

    static @Nullable Object time(Optional<Instant> instant) {
        return Db.timestamp(instant.orElse(null));
    }

    /** Guard (a): who says it, of which partitions, at which epochs; four parameters from {@code first} on. */
    static void partitions(PreparedStatement statement, int first, Incarnation me, List<PartitionEpoch> partitions)
            throws SQLException {
        statement.setString(first, me.id());
        statement.setArray(first + 1, of(statement, "text", partitions, PartitionEpoch::queue));
        statement.setArray(first + 2, of(statement, "integer", partitions, PartitionEpoch::partition));
        statement.setArray(first + 3, of(statement, "integer", partitions, PartitionEpoch::epoch));
    }
}
