package dev.muster.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Where Postgres' time and WAL of a run went: by statement, those within functions too, and by kind of record. */
final class ProfileSql {
    private ProfileSql() {}

    private static final String PREPARE = """
            CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
            CREATE EXTENSION IF NOT EXISTS pg_walinspect""";

    private static final String RESET = "SELECT pg_stat_statements_reset(), pg_current_wal_lsn()::text";

    private static final String STATEMENTS = """
            SELECT round(total_exec_time::numeric, 0) AS ms, calls, rows, wal_bytes, shared_blks_dirtied,
                left(regexp_replace(query, '\\s+', ' ', 'g'), 130) AS query
            FROM pg_stat_statements
            ORDER BY total_exec_time DESC
            LIMIT 25""";

    private static final String WAL = """
            SELECT "resource_manager/record_type" AS kind, count, combined_size, fpi_size
            FROM pg_get_wal_stats(?::pg_lsn, pg_current_wal_lsn(), true)
            WHERE combined_size > 0
            ORDER BY combined_size DESC
            LIMIT 14""";

    /** Forgets what was before; gives back where the WAL stands. */
    static String begin(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(PREPARE);
            try (ResultSet rows = statement.executeQuery(RESET)) {
                rows.next();
                return rows.getString(2);
            }
        }
    }

    static List<String> lines(Connection connection, String from, long jobs) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (var statement = connection.prepareStatement(WAL)) {
            statement.setString(1, from);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    lines.add(String.format(
                            Locale.ROOT,
                            "WAL %-32s %8.2f records and %8.1f B a job (%.1f B of them page images)",
                            rows.getString(1),
                            rows.getDouble(2) / jobs,
                            rows.getDouble(3) / jobs,
                            rows.getDouble(4) / jobs));
                }
            }
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(STATEMENTS)) {
            while (rows.next()) {
                lines.add(String.format(
                        Locale.ROOT,
                        "%8s ms %8d calls %9d rows %7.1f B WAL a job %s",
                        rows.getString(1),
                        rows.getLong(2),
                        rows.getLong(3),
                        rows.getDouble(4) / jobs,
                        rows.getString(6)));
            }
        }
        return lines;
    }
}
