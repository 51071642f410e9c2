package dev.muster.store;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Removes what is over, a little at a time, and makes partitions ahead. Both are under the leader's epoch: of one that
 * leads no more, nothing is made or removed. Thread-safe.
 */
public final class HousekeepingStore {
    /** Rows in a default partition are counted up to this number. */
    public static final int COUNTED = 100_000;

    private final Db db;

    public HousekeepingStore(Database database) {
        this.db = new Db(database);
    }

    /** A table with a partition for each day, in UTC. */
    public enum DailyTable {
        HISTORY("job_history"),
        ATTEMPTS("job_attempt");

        private final String table;

        DailyTable(String table) {
            this.table = table;
        }

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is removed a few thousand rows at a time. */
    public enum Rows {
        /** Incidents that are closed and told. */
        INCIDENTS(HousekeepingSql.INCIDENTS),
        SUPERVISION(HousekeepingSql.SUPERVISION),
        REJECTED_WRITES(HousekeepingSql.REJECTED_WRITES),
        /** Fenced incarnations that no running job and no partition names. */
        INCARNATIONS(HousekeepingSql.INCARNATIONS),
        /** Notes of redriven dead letters that are in no table any more, nor the jobs that they became. */
        REDRIVES(HousekeepingSql.REDRIVES),
        /** History of a day without a partition, told to {@code muster.events}. */
        HISTORY(HousekeepingSql.DEFAULT_HISTORY),
        /** As with the history. */
        ATTEMPTS(HousekeepingSql.DEFAULT_ATTEMPTS);

        private final String sql;

        Rows(String sql) {
            this.sql = sql;
        }

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What stands in tables of the hot path, which are read page by page since an index would cost each insert. */
    public enum Pages {
        /** Identities past their queue's window. */
        IDENTITIES(HousekeepingSql.IDENTITIES),
        /** Intents of jobs that are in no table any more. */
        INTENTS(HousekeepingSql.INTENTS),
        DUPLICATES(HousekeepingSql.DUPLICATES);

        private final String sql;

        Pages(String sql) {
            this.sql = sql;
        }

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The partition of a day, in UTC. */
    public record Partition(DailyTable table, LocalDate day) {
        @Override
        public String toString() {
            return table.table + " of " + day;
        }
    }

    /**
     * What there is.
     *
     * @param now Postgres' clock
     * @param inDefault rows in the default partition of each table, counted up to {@link #COUNTED}
     */
    public record Survey(Instant now, List<Partition> partitions, Map<DailyTable, Long> inDefault) {
        public Survey {
            partitions = List.copyOf(partitions);
            inDefault = Map.copyOf(inDefault);
        }
    }

    /** What became of a wish to make a partition. */
    public enum Made {
        MADE,
        /** It was there. */
        THERE,
        /** Rows of that day stand in the default partition, or come to; they stay there. */
        IN_DEFAULT,
        /** The default partition is large, and there is no check by which Postgres knows that the day is not in it. */
        UNPROVEN,
        /** The epoch is not the leader's any more. */
        DEPOSED
    }

    /** What became of a wish to drop a partition. */
    public enum Dropped {
        DROPPED,
        /** It was not there. */
        GONE,
        /** It holds rows that were not told to {@code muster.events}; it stays. */
        UNRELAYED,
        /** The epoch is not the leader's any more. */
        DEPOSED
    }

    /**
     * Of a table.
     *
     * @param dead rows that were deleted
     * @param bytes its size, that of long values included
     */
    public record Bloat(long dead, long bytes) {}

    /**
     * What a look at some pages has come to.
     *
     * @param pages how many the table has
     */
    public record Swept(long removed, long pages) {}

    /** Reads a few rows of the catalogue and of the default partitions. */
    public Survey survey() {
        return new Survey(now(), partitions(), inDefault());
    }

    /**
     * Makes the partition of a day. Where the default partition is large it is read first, which may take minutes and
     * holds nobody up.
     *
     * @return never UNPROVEN while the epoch leads
     * @throws StoreException with code CONTENDED when somebody holds a lock that it needs for more than 200 ms
     */
    public Made ensure(Partition partition, long epoch) {
        Made made = attach(partition, epoch);
        if (made != Made.UNPROVEN) {
            return made;
        }
        run("exclude a day from the default partition:", HousekeepingSql.EXCLUDE_DAY, partition, epoch);
        run("look through the default partition for", HousekeepingSql.PROVE_DAY, partition, epoch);
        return attach(partition, epoch);
    }

    private Made attach(Partition partition, long epoch) {
        return Made.valueOf(verdict("make", HousekeepingSql.ENSURE_PARTITION, partition, epoch));
    }

    private void run(String what, String sql, Partition partition, long epoch) {
        db.query(what + " " + partition, sql, statement -> bind(statement, partition, epoch), row -> true);
    }

    /**
     * Drops the partition of a day, if all that it holds was told.
     *
     * @throws StoreException with code CONTENDED when somebody holds the table for more than 100 ms
     */
    public Dropped drop(Partition partition, long epoch) {
        return Dropped.valueOf(verdict("drop", HousekeepingSql.DROP_PARTITION, partition, epoch));
    }

    /**
     * Removes rows that were over before a time.
     *
     * @param limit at most so many
     * @return how many there were; fewer than the limit means that none is left
     */
    public int sweep(Rows rows, Instant before, int limit, long epoch) {
        return db.update("remove " + rows.wireName(), rows.sql, statement -> {
            statement.setObject(1, Db.timestamp(before));
            statement.setLong(2, epoch);
            statement.setInt(3, limit);
        });
    }

    /**
     * Removes what is over in some pages of a table.
     *
     * @param before when it must have been over; of identities: the time from which their queue's window counts back
     * @param from the first page, from 0
     * @param count how many pages
     */
    public Swept sweep(Pages rows, Instant before, long from, int count, long epoch) {
        return db.first(
                        "remove " + rows.wireName() + " from page " + from,
                        rows.sql,
                        statement -> {
                            statement.setString(1, "(" + from + ",0)");
                            statement.setString(2, "(" + (from + count) + ",0)");
                            statement.setObject(3, Db.timestamp(before));
                            statement.setLong(4, epoch);
                        },
                        row -> new Swept(row.getLong("removed"), row.getLong("pages")))
                .orElseThrow();
    }

    /** What the table of running jobs has too much of; by statistics that lag a second. */
    public Bloat bloat() {
        return db.first(
                        "look how many dead rows the running jobs have",
                        HousekeepingSql.DEAD_RUNNING,
                        statement -> {},
                        row -> new Bloat(row.getLong("dead"), row.getLong("bytes")))
                .orElseThrow();
    }

    /**
     * Vacuums the table of running jobs. It does no harm of one that leads no more, so it is not under the epoch.
     *
     * @param shrink whether it gives back what is empty at its end, too, for which it locks everybody out for a moment
     */
    public void vacuum(boolean shrink) {
        db.update(
                "vacuum the running jobs",
                shrink ? HousekeepingSql.SHRINK_RUNNING : HousekeepingSql.VACUUM_RUNNING,
                statement -> {});
    }

    private Instant now() {
        return db.first("read Postgres' clock", HousekeepingSql.NOW, statement -> {}, row -> Db.instant(row, "now"))
                .orElseThrow();
    }

    private List<Partition> partitions() {
        return db.query("list the partitions", HousekeepingSql.PARTITIONS, statement -> {}, row -> {
            String parent = row.getString("parent");
            return new Partition(
                    List.of(DailyTable.values()).stream()
                            .filter(table -> table.table.equals(parent))
                            .findFirst()
                            .orElseThrow(),
                    LocalDate.parse(row.getString("day"), DateTimeFormatter.BASIC_ISO_DATE));
        });
    }

    private Map<DailyTable, Long> inDefault() {
        return db.first(
                        "count the rows in the default partitions",
                        HousekeepingSql.IN_DEFAULT,
                        statement -> {
                            statement.setInt(1, COUNTED);
                            statement.setInt(2, COUNTED);
                        },
                        row -> Map.of(
                                DailyTable.HISTORY, row.getLong("history"),
                                DailyTable.ATTEMPTS, row.getLong("attempts")))
                .orElseThrow();
    }

    private String verdict(String what, String sql, Partition partition, long epoch) {
        return db.first(
                        what + " the partition " + partition,
                        sql,
                        statement -> bind(statement, partition, epoch),
                        row -> row.getString("verdict").toUpperCase(Locale.ROOT))
                .orElseThrow();
    }

    private static void bind(PreparedStatement statement, Partition partition, long epoch) throws SQLException {
        statement.setString(1, partition.table().table);
        statement.setObject(2, partition.day(), Types.DATE);
        statement.setLong(3, epoch);
    }
}
