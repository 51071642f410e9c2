package dev.muster.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;

/** What measurements ask Postgres, besides what they measure. */
public final class BenchSql {
    private BenchSql() {}

    private static final String WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";

    private static final String DURABILITY = """
            SELECT count(*)
            FROM pg_settings
            WHERE (name IN ('fsync', 'synchronous_commit', 'full_page_writes')) AND setting = 'on'""";

    private static final String COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";

    private static final String CLAIMED = "SELECT coalesce(sum(next_offset), 0)::bigint FROM muster.partition_owner";

    // Asked many times a second: counting a million waiting rows would be most of what is measured. Some run as a rule.
    // A backlog is due after a day; who waits behind somebody in the key is due at infinity, and that somebody is not.
    // Index job_waiting_due, one entry of each partition.
    private static final String UNFINISHED = """
            SELECT CASE
                WHEN EXISTS (SELECT FROM muster.job_running) THEN 1
                WHEN EXISTS (
                    SELECT
                    FROM muster.partition_owner o
                    CROSS JOIN LATERAL (
                        SELECT
                        FROM muster.job_waiting w
                        WHERE w.queue = o.queue AND w.partition = o.partition AND w.due_at > '-infinity'
                            AND w.due_at < now() + interval '1 day'
                        LIMIT 1) own) THEN 1
                ELSE 0 END""";

    private static final String UNRELAYED = """
            SELECT count(*)
            FROM (SELECT
                FROM muster.job_history h
                JOIN muster.relay_cursor c ON (h.xid, h.seq) > (c.xid, c.seq)
                LIMIT 1) rest""";

    private static final String LEADERS =
            "SELECT count(*) FROM muster.leader_lease WHERE name = 'coordinator' AND expires_at > now()";

    private static final String OWNED = "SELECT count(*) FROM muster.partition_owner";

    private static final String HEALTH_PORT = """
            SELECT health_port
            FROM muster.worker_incarnation
            WHERE fenced_at IS NULL AND started_at IS NOT NULL
            ORDER BY minted_at DESC
            LIMIT 1""";

    private static final String COMMIT_TIMES = """
            SELECT job_id, (extract(epoch FROM pg_xact_commit_timestamp(xid::xid)) * 1000000)::bigint AS at
            FROM muster.job_history""";

    // No run takes an hour, and the history that lies there before it is of days before.
    private static final String FIRST_CLAIM = """
            SELECT (extract(epoch FROM min(claimed_at)) * 1000)::bigint
            FROM muster.job_history
            WHERE settled_at > now() - interval '1 hour'""";

    private static final String TIMELINE = """
            SELECT (extract(epoch FROM settled_at) * 1000)::bigint AS at, count(*)
            FROM muster.job_history
            WHERE state = 'succeeded' AND settled_at > now() - interval '1 hour'
            GROUP BY 1""";

    static void createDatabase(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + statement.enquoteIdentifier(name, true));
        }
    }

    static void dropDatabase(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + statement.enquoteIdentifier(name, true) + " WITH (FORCE)");
        }
    }

    /** Brings a database into the state in which a run begins: nothing to be vacuumed, no checkpoint due. */
    static void settleDown(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("VACUUM ANALYZE");
            statement.execute("CHECKPOINT");
        }
    }

    /** Throws unless commits of this server are durable: figures without that would be of something else. */
    static void requireDurable(Connection connection) throws SQLException {
        if (number(connection, DURABILITY) != 3) {
            throw new IllegalStateException("fsync, synchronous_commit and full_page_writes are not all on");
        }
    }

    /** Bytes of WAL that the server has written since it was made. */
    static long walBytes(Connection connection) throws SQLException {
        return number(connection, WAL);
    }

    /** Commits of this database, as far as its sessions have reported them; all, once they have ended. */
    static long commits(Connection connection) throws SQLException {
        return number(connection, COMMITS);
    }

    /** Records that Muster has claimed, of all queues. */
    public static long claimed(Connection connection) throws SQLException {
        return number(connection, CLAIMED);
    }

    /** True while a job of Muster runs, or waits for less than a day. */
    public static boolean hasUnfinished(Connection connection) throws SQLException {
        return number(connection, UNFINISHED) > 0;
    }

    /** True while there is something in Muster's outbox that was not told yet. */
    public static boolean hasUnrelayed(Connection connection) throws SQLException {
        return number(connection, UNRELAYED) > 0;
    }

    /** True when a coordinator leads. */
    public static boolean isLed(Connection connection) throws SQLException {
        return number(connection, LEADERS) > 0;
    }

    /** How many partitions have an owner. */
    public static long ownedPartitions(Connection connection) throws SQLException {
        return number(connection, OWNED);
    }

    /** The port of the metrics of the worker that was minted last; 0 while none has started. */
    public static int healthPort(Connection connection) throws SQLException {
        return (int) number(connection, HEALTH_PORT);
    }

    /** When Muster's first job was claimed, in ms since the epoch by Postgres' clock. */
    public static long firstClaim(Connection connection) throws SQLException {
        return number(connection, FIRST_CLAIM);
    }

    /** How many jobs have succeeded in which millisecond. */
    public static NavigableMap<Long, Long> timeline(Connection connection) throws SQLException {
        NavigableMap<Long, Long> counts = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(TIMELINE)) {
            while (rows.next()) {
                counts.merge(rows.getLong(1), rows.getLong(2), Long::sum);
            }
        }
        return counts;
    }

    /** Hears of each finished job when its outcome was committed, in µs since the epoch. */
    interface CommitListener {
        void committed(UUID job, long micros);
    }

    /** Needs {@code track_commit_timestamp}. */
    static void commitTimes(Connection connection, CommitListener listener) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(COMMIT_TIMES)) {
            while (rows.next()) {
                listener.committed(rows.getObject(1, UUID.class), rows.getLong(2));
            }
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getLong(1) : 0;
        }
    }
}
