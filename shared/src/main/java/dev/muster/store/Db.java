package dev.muster.store;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Runs one statement on one connection of a {@link Database}: the few lines of JDBC that every store needs. Thread-safe. */
final class Db {
    private final Database database;

    Db(Database database) {
        this.database = database;
    }

    /** Sets a statement's parameters. */
    @FunctionalInterface
    interface Binder {
        void bind(PreparedStatement statement) throws SQLException;
    }

    /** Reads the row that a result set stands on. */
    @FunctionalInterface
    interface Reader<T extends @Nullable Object> {
        T read(ResultSet row) throws SQLException;
    }

    /**
     * All rows.
     *
     * @param attempt what is done, for the message of an error: "claim 12 records"
     * @throws StoreException if Postgres can't
     */
    <T extends @Nullable Object> List<T> query(String attempt, String sql, Binder binder, Reader<T> reader) {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            binder.bind(statement);
            try (ResultSet rows = statement.executeQuery()) {
                List<T> list = new ArrayList<>();
                while (rows.next()) {
                    list.add(reader.read(rows));
                }
                return list;
            }
        } catch (SQLException e) {
            throw StoreException.of(attempt, e);
        }
    }

    /** The first row, if there is one and its value is not null. */
    <T> Optional<T> first(String attempt, String sql, Binder binder, Reader<@Nullable T> reader) {
        List<Optional<T>> rows = query(attempt, sql, binder, row -> Optional.ofNullable(reader.read(row)));
        return rows.isEmpty() ? Optional.empty() : rows.getFirst();
    }

    /** How many rows a statement changed. */
    int update(String attempt, String sql, Binder binder) {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            binder.bind(statement);
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw StoreException.of(attempt, e);
        }
    }

    /** An SQL array parameter. {@code type} is Postgres' element type. */
    static Array array(PreparedStatement statement, String type, @Nullable Object[] elements) throws SQLException {
        return switch (elements) {
            case UUID[] ids -> BinaryArray.of(statement, ids);
            case OffsetDateTime[] times -> BinaryArray.of(statement, times);
            default -> statement.getConnection().createArrayOf(type, elements);
        };
    }

    static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        return instant(row, row.findColumn(column));
    }

    /** The same by the column's number, from 1. */
    static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }

    static @Nullable OffsetDateTime timestamp(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
