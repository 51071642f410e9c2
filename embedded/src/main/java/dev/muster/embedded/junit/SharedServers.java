package dev.muster.embedded.junit;

import dev.muster.embedded.FileTree;
import dev.muster.embedded.KafkaServer;
import dev.muster.embedded.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The servers one test JVM shares, in a folder that is removed at its end.
 *
 * <p>Thread-safety: thread-safe; guarded by {@code lock}.
 */
final class SharedServers implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Path folder;
    private final Map<Class<?>, PostgresDatabase> databases = new HashMap<>();
    private final Thread hook = Thread.ofPlatform().unstarted(this::end);
    private @Nullable PostgresServer postgres;
    private @Nullable KafkaServer kafka;
    private boolean ended;

    SharedServers() {
        Path target = Path.of("target");
        try {
            folder = Files.isDirectory(target)
                    ? Files.createTempDirectory(target.toAbsolutePath(), "embedded-")
                    : Files.createTempDirectory("muster-embedded-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // For Ctrl-C, after which JUnit closes nothing.
        Runtime.getRuntime().addShutdownHook(hook);
    }

    PostgresDatabase database(Class<?> testClass) {
        lock.lock();
        try {
            PostgresServer server = postgres();
            PostgresDatabase known = databases.get(testClass);
            if (known != null) {
                return known;
            }
            PostgresDatabase created = create(server, "test_" + (databases.size() + 1));
            databases.put(testClass, created);
            return created;
        } finally {
            lock.unlock();
        }
    }

    KafkaCluster kafka() {
        lock.lock();
        try {
            if (kafka == null) {
                // Short runs never earn back what the optimising compiler costs.
                kafka = new KafkaServer(
                        KafkaServer.Config.in(folder).withJvmOptions("-Xmx384m", "-XX:TieredStopAtLevel=1"));
                kafka.start();
            }
            return new KafkaCluster(kafka.bootstrapServers());
        } finally {
            lock.unlock();
        }
    }

    /** A new folder that is removed with the rest. */
    Path newFolder(String prefix) {
        try {
            return Files.createTempDirectory(folder, prefix);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The JVM is ending already, and the hook finds nothing left to do.
        }
    }

    private PostgresServer postgres() {
        if (postgres == null) {
            postgres = new PostgresServer(PostgresServer.Config.in(folder));
            postgres.start();
        }
        return postgres;
    }

    private static PostgresDatabase create(PostgresServer server, String name) {
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        } catch (SQLException e) {
            throw new IllegalStateException("Could not create database " + name + " for a test class", e);
        }
        return new PostgresDatabase(server.jdbcUrl(name), server.user(), server.password());
    }

    private void end() {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            databases.values().forEach(PostgresDatabase::close);
            if (kafka != null) {
                // Its data are removed next, so nothing is gained by a shutdown in good order.
                kafka.killHard();
                kafka.stop();
            }
            if (postgres != null) {
                postgres.stop();
            }
            remove(folder);
        } finally {
            lock.unlock();
        }
    }

    private static void remove(Path root) {
        try {
            FileTree.delete(root);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not remove the test servers' folder " + root, e);
        }
    }
}
