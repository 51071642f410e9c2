package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Rows as the array parameters of a statement: one array for each column. */
final class Columns {
    private Columns() {}

    /** A column; {@code type} is Postgres' element type. */
    static <T> Array of(PreparedStatement statement, String type, List<T> rows, Function<T, @Nullable Object> cell)
            throws SQLException {
        @Nullable Object[] cells = cells(type, rows.size());
        for (int i = 0; i < cells.length; i++) {
            cells[i] = cell.apply(rows.get(i));
        }
        return Db.array(statement, type, cells);
    }

    /** The same, empty where it is null throughout: nothing then is sent, read or kept for it. */
    static <T> Array sparse(PreparedStatement statement, String type, List<T> rows, Function<T, @Nullable Object> cell)
            throws SQLException {
        for (T row : rows) {
            if (cell.apply(row) != null) {
                return of(statement, type, rows, cell);
            }
        }
        return Db.array(statement, type, cells(type, 0));
    }

    /** These types go in Postgres' own form if the array is of theirs, and all else as text, to be parsed. */
    private static @Nullable Object[] cells(String type, int size) {
        return switch (type) {
            case "integer" -> new @Nullable Integer[size];
            case "bigint" -> new @Nullable Long[size];
            case "text" -> new @Nullable String[size];
            case "bytea" -> new byte[size] @Nullable [];
            case "uuid" -> new @Nullable UUID[size];
            case "timestamptz" -> new @Nullable OffsetDateTime[size];
            default -> new @Nullable Object[size];
        };
    }

    /** Two arrays from this parameter on: types, and how many jobs of a key of each may start at once. */
    static void groups(PreparedStatement statement, int first, Map<String, Integer> most) throws SQLException {
        List<Map.Entry<String, Integer>> entries = List.copyOf(most.entrySet());
        statement.setArray(first, of(statement, "text", entries, Map.Entry::getKey));
        statement.setArray(first + 1, of(statement, "integer", entries, Map.Entry::getValue));
    }

    /** A text as Postgres takes it: without zero bytes, none at all where it is empty. */
    static @Nullable String clean(String text) {
        return text.isEmpty() ? null : text.replace('\0', '\uFFFD');
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
