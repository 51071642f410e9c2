package dev.muster.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * A pool of connections to Muster's schema, all under one {@code application_name}: a worker's incarnation, so that
 * whoever fences it can end them. Thread-safe.
 */
public final class Database implements AutoCloseable {
    /** Long enough for any protocol statement, short enough that one that hangs does not take its lane with it. */
    private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(10);

    /**
     * A statement that has not been answered by then never will be, since Postgres has ended it: the wire was cut without a
     * word, and must not hold a lane for hours.
     */
    private static final Duration ANSWER = Duration.ofSeconds(12);
    /** For what is worth nothing later. */
    private static final Duration QUICK_ANSWER = Duration.ofSeconds(2);
    /** A look through a table that some days without a coordinator have filled. */
    private static final Duration LONG = Duration.ofMinutes(5);

    private final HikariDataSource pool;

    private Database(HikariDataSource pool) {
        this.pool = pool;
    }

    /**
     * Opens a pool. Does not connect yet: an unreachable database shows at the first use.
     *
     * @param applicationName at most 63 bytes
     * @param size connections, from 1
     * @param meters where the pool's metrics go, if anywhere
     */
    public static Database open(Settings settings, String applicationName, int size, Optional<MeterRegistry> meters) {
        return open(settings, applicationName, size, STATEMENT_TIMEOUT, ANSWER, meters);
    }

    /** The same for reads whose answer is worth nothing after two seconds, such as whether one still lives. */
    public static Database impatient(Settings settings, String applicationName, int size) {
        return open(settings, applicationName, size, STATEMENT_TIMEOUT, QUICK_ANSWER, Optional.empty());
    }

    /** The same for statements that hold nobody up and may take minutes, five at most. */
    public static Database patient(Settings settings, String applicationName, int size) {
        return open(settings, applicationName, size, LONG, LONG.plus(ANSWER), Optional.empty());
    }

    private static Database open(
            Settings settings,
            String applicationName,
            int size,
            Duration statement,
            Duration answer,
            Optional<MeterRegistry> meters) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(settings.string(Setting.POSTGRES_URL));
        config.setUsername(settings.string(Setting.POSTGRES_USER));
        config.setPassword(settings.string(Setting.POSTGRES_PASSWORD));
        config.setPoolName(applicationName);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(Math.min(size, 2));
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(2_000);
        config.setValidationTimeout(1_000);
        config.setAutoCommit(true); // no protocol statement spans a round trip
        // What the protocol's functions rely on. Said aloud, since a pool asks its first connection for it otherwise,
        // takes it for -1 if that breaks in this moment, and never has a connection then (HikariCP's issue 1944).
        config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        config.addDataSourceProperty("ApplicationName", applicationName);
        config.addDataSourceProperty("currentSchema", Migrations.SCHEMA);
        // As text: the driver asks its properties for strings, and passes over a number or a boolean without a word.
        config.addDataSourceProperty("tcpKeepAlive", "true");
        config.addDataSourceProperty("connectTimeout", "2"); // seconds
        config.addDataSourceProperty("socketTimeout", Long.toString(answer.toSeconds()));
        config.addDataSourceProperty("reWriteBatchedInserts", "true");
        // The net under "no statement waits for its client": should one, Postgres ends it.
        config.addDataSourceProperty(
                "options",
                "-c idle_in_transaction_session_timeout=500ms -c lock_timeout=2s -c statement_timeout="
                        + statement.toMillis()
                        + " -c client_connection_check_interval=100ms -c tcp_user_timeout=5000");
        meters.ifPresent(registry -> config.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(registry)));
        return new Database(new HikariDataSource(config));
    }

    /**
     * A connection from the pool; closing it gives it back.
     *
     * @throws StoreException if none can be had within 2 s
     */
    public Connection connection() {
        try {
            return pool.getConnection();
        } catch (SQLException e) {
            throw StoreException.of("connect to " + pool.getJdbcUrl(), e);
        }
    }

    /** Where it is, for messages; without the password. */
    public String url() {
        return pool.getJdbcUrl();
    }

    @Override
    public void close() {
        pool.close();
    }
}
