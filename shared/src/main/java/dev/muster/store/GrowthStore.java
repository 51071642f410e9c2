package dev.muster.store;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Queues that get more partitions, step by step; each step may be said again, by anybody, and is never taken back. Every
 * method throws {@link StoreException}. Thread-safe.
 */
public final class GrowthStore {
    private final Db db;

    public GrowthStore(Database database) {
        this.db = new Db(database);
    }

    /** What became of the wish for more partitions. */
    public enum Announced {
        /** Whoever is assigned a new partition finds it held from now on. */
        ANNOUNCED,
        /** It is growing to that number already. */
        GROWING,
        /** It has that number as far as Muster is concerned, and nothing is held. */
        OPEN,
        /** It is growing to another number. */
        BUSY,
        /** It has more. */
        NOT_MORE,
        /** The number is no multiple of the one it has, so keys would move between two old partitions. */
        NOT_A_MULTIPLE,
        UNKNOWN
    }

    /** How far a growth is. */
    public enum Phase {
        /** Producers may still write by the old count. */
        SETTLING,
        /** An old partition is not claimed up to the switch, or its owner may not know of it. */
        DRAINING,
        /** Jobs without a place in their key go to their new partitions, one old partition at a time. */
        MOVING,
        /** Nothing is held any more. */
        OPEN
    }

    /**
     * A growth under way.
     *
     * @param made for how long Kafka has had the new partitions; empty: it may not have them
     * @param switched whether the switch is noted
     * @param behind old partitions that are not there yet; 0 before the switch
     */
    public record Growth(int from, int to, Optional<Duration> made, boolean switched, int behind) {}

    /** Says that a queue is to have so many partitions, before Kafka is told. */
    public Announced announce(String queue, int partitions) {
        return Announced.valueOf(
                word("announce " + partitions + " partitions of " + queue, GrowthSql.ANNOUNCE, statement -> {
                    statement.setString(1, queue);
                    statement.setInt(2, partitions);
                }));
    }

    /** Says that Kafka has the partitions. */
    public void made(String queue) {
        db.update("note the partitions of " + queue, GrowthSql.MADE, statement -> statement.setString(1, queue));
    }

    /**
     * Notes where the old partitions end, or finds it noted.
     *
     * @param ends of each old partition, in order, read after Kafka had the new ones for {@code settle}
     * @param settle how long a producer may go on by the old count
     * @return false if it is too early
     */
    public boolean noteSwitch(String queue, List<Long> ends, Duration settle) {
        return db.first(
                        "note the switch of " + queue,
                        GrowthSql.NOTE_SWITCH,
                        statement -> {
                            statement.setString(1, queue);
                            statement.setArray(2, Columns.of(statement, "bigint", ends, end -> end));
                            statement.setDouble(3, settle.toMillis() / 1000.0);
                        },
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    /** Does the next piece of what may be done; to be called until it is {@link Phase#OPEN}. */
    public Phase goOn(String queue) {
        return Phase.valueOf(
                word("go on with the growth of " + queue, GrowthSql.GO_ON, statement -> statement.setString(1, queue)));
    }

    /** Empty: it does not grow. */
    public Optional<Growth> find(String queue) {
        return db.first(
                "look at the growth of " + queue,
                GrowthSql.FIND,
                statement -> statement.setString(1, queue),
                GrowthStore::growth);
    }

    private static Growth growth(ResultSet row) throws SQLException {
        BigDecimal made = row.getBigDecimal("made_seconds");
        return new Growth(
                row.getInt("partitions"),
                row.getInt("growing_to"),
                Optional.ofNullable(made)
                        .map(seconds ->
                                Duration.ofMillis(seconds.movePointRight(3).longValue())),
                row.getBoolean("switched"),
                row.getInt("behind"));
    }

    private String word(String attempt, String sql, Db.Binder binder) {
        return db.first(attempt, sql, binder, row -> row.getString(1))
                .orElseThrow(() -> new IllegalStateException("no answer to: " + attempt))
                .toUpperCase(Locale.ROOT);
    }
}
