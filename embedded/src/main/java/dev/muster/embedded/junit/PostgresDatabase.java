package dev.muster.embedded.junit;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A fresh, empty database of one test class, and the superuser it belongs to. Thread-safe.
 *
 * <p>Its connections are pooled: tests ask until what they wait for is there, and a connection of its own for each question
 * costs Postgres a process.
 */
public final class PostgresDatabase implements AutoCloseable {
    private static final int CONNECTIONS = 16;
    private static final long IDLE_MILLIS = 10_000;

    private final String jdbcUrl;
    private final String user;
    private final String password;
    private final HikariDataSource pool;

    PostgresDatabase(String jdbcUrl, String user, String password) {
        this.jdbcUrl = jdbcUrl;
        this.user = user;
        this.password = password;
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(jdbcUrl);
        config.setUsername(user);
        config.setPassword(password);
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(0);
        config.setIdleTimeout(IDLE_MILLIS);
        config.setInitializationFailTimeout(-1); // connects when first asked
        this.pool = new HikariDataSource(config);
    }

    public String jdbcUrl() {
        return jdbcUrl;
    }

    public String user() {
        return user;
    }

    public String password() {
        return password;
    }

    /** A connection like a new one; the caller closes it, which rolls back what is open and gives it back. */
    public Connection connect() throws SQLException {
        Connection connection = pool.getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DISCARD TEMP");
        }
        return connection;
    }

    @Override
    public void close() {
        pool.close();
    }
}
