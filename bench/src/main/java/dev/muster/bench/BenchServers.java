package dev.muster.bench;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.KafkaServer;
import dev.muster.embedded.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The Postgres and the Kafka that all contestants of a measurement use in turn, each run with a database and a topic of
 * its own. Both are as durable as Muster ships them; the sizes are those of a small server instead of a laptop.
 * Thread-safe.
 */
public final class BenchServers implements AutoCloseable {
    /** Said in the report. Durability is not among them: that is the embedded server's own. */
    static final Map<String, String> POSTGRES = Map.of(
            "shared_buffers", "256MB",
            "max_wal_size", "4GB",
            "checkpoint_timeout", "15min",
            // What latencies are read from; costs 10 bytes a transaction.
            "track_commit_timestamp", "on");

    static final List<String> KAFKA =
            List.of("-Xms512m", "-Xmx1g", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError");

    private final Path folder;
    private final PostgresServer postgres;
    private final KafkaServer kafka;

    private static final Map<String, String> PROFILED =
            Map.of("shared_preload_libraries", "pg_stat_statements", "pg_stat_statements.track", "all");

    private BenchServers(Path folder, boolean profiled) {
        this.folder = folder;
        Map<String, String> settings = new HashMap<>(POSTGRES);
        if (profiled) {
            settings.putAll(PROFILED);
        }
        this.postgres = new PostgresServer(new PostgresServer.Config(folder, 0, settings));
        this.kafka = new KafkaServer(new KafkaServer.Config(folder, 0, Map.of(), KAFKA, List.of()));
    }

    /**
     * Starts both.
     *
     * @param profiled whether Postgres keeps a record of its statements
     */
    public static BenchServers start(Path folder, boolean profiled) {
        BenchServers servers = new BenchServers(folder, profiled);
        try {
            servers.postgres.start();
            servers.kafka.start();
            return servers;
        } catch (RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    /** The folder of the servers' data; processes put what they leave behind there too. */
    public Path folder() {
        return folder;
    }

    /** A new and empty database, and Kafka, in the terms of the configuration. */
    public Settings newDatabase(String name) throws SQLException {
        try (Connection connection = connect("postgres")) {
            BenchSql.createDatabase(connection, name);
        }
        return Settings.of(Map.of(
                Setting.KAFKA_BOOTSTRAP.key(), kafka.bootstrapServers(),
                Setting.POSTGRES_URL.key(), postgres.jdbcUrl(name),
                Setting.POSTGRES_USER.key(), postgres.user(),
                Setting.POSTGRES_PASSWORD.key(), postgres.password()));
    }

    /** Drops it, if it is there, or autovacuum would work on it at the cost of whoever is measured next. */
    public void dropDatabase(String name) throws SQLException {
        try (Connection connection = connect("postgres")) {
            BenchSql.dropDatabase(connection, name);
        }
    }

    /** A connection for looking, outside of what is measured. */
    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(postgres.jdbcUrl(database), postgres.user(), postgres.password());
    }

    public long postgresPid() {
        return postgres.pid();
    }

    public long kafkaPid() {
        return kafka.pid();
    }

    @Override
    public void close() {
        try {
            kafka.stop();
        } finally {
            postgres.stop();
        }
    }
}
