package dev.muster.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * PostgreSQL 18 as a child process, with durable settings (fsync on): a real store, for the local stack and for tests.
 * The superuser {@code muster} and the database {@code muster} exist after the first start; the password is random and
 * kept beside the data, readable by this user only. Listens on 127.0.0.1 and nowhere else.
 *
 * <p>Postgres refuses to run as root, so root lends it the account {@code postgres} or {@code nobody}.
 *
 * <p>Thread-safety: thread-safe.
 */
public final class PostgresServer extends ServerProcess {
    private static final String NAME = "postgres";
    private static final String USER = "muster";
    private static final String DATABASE = "muster";
    // Recovery after a kill reads up to max_wal_size again.
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration INITDB_LIMIT = Duration.ofMinutes(1);
    /** Fast shutdown (SIGINT): open transactions are rolled back, everything committed is on disk. */
    private static final Duration STOP_GRACE = Duration.ofSeconds(20);

    private final Config config;
    private final Path cluster;
    private volatile int port;
    private volatile String password = "";

    public PostgresServer(Config config) {
        super(NAME, config.dataFolder(), "INT", STOP_GRACE);
        this.config = config;
        this.cluster = config.dataFolder().resolve(NAME);
        this.port = config.port();
    }

    @Override
    public Path logFile() {
        return config.dataFolder().resolve(NAME + ".log");
    }

    /** The JDBC address of the database {@code muster}; known after the first start. */
    public String jdbcUrl() {
        return jdbcUrl(DATABASE);
    }

    /** The JDBC address of another database on this server. */
    public String jdbcUrl(String database) {
        if (port == 0) {
            throw new IllegalStateException("Postgres was never started, so its port is not known");
        }
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    public String user() {
        return USER;
    }

    /** The password of {@link #user()}; known after the first start. */
    public String password() {
        return password;
    }

    @Override
    protected ChildProcess launch(DataFolder folder) {
        PostgresBinaries binaries = PostgresBinaries.unpacked();
        try {
            PostgresLeftovers.end(cluster);
            port = folder.port(NAME, port);
            password = keptPassword();
            ProcessAccount account = ProcessAccount.unprivileged();
            if (!Files.exists(cluster)) {
                createCluster(binaries, account);
            }
            ProcessAccount reaching = LinuxLauncher.reaching(account, binaries.program("postgres"), cluster.toString());
            return ChildProcess.start(
                    new ChildProcess.Spec(command(binaries), Map.of("LC_ALL", "C"), logFile(), reaching, "INT"));
        } catch (IOException e) {
            throw EmbeddedServerException.io("preparing Postgres in " + config.dataFolder(), e);
        }
    }

    @Override
    protected void awaitReady(ChildProcess child) {
        Readiness.await("Postgres", child, START_LIMIT, () -> saysReady(child.pid()));
        createDatabase();
    }

    private void createCluster(PostgresBinaries binaries, ProcessAccount account) throws IOException {
        // Beside its place, and put there when it is complete: what stands there is never an initdb that was cut off,
        // so
        // it is never deleted, whatever it lacks.
        Path fresh = cluster.resolveSibling(NAME + ".new");
        FileTree.delete(fresh);
        Files.createDirectory(fresh);
        account.own(fresh);
        Path passwordCopy = Files.createTempFile(config.dataFolder(), "initdb", ".password");
        try {
            Files.writeString(passwordCopy, password);
            account.own(passwordCopy);
            List<String> initdb = List.of(
                    binaries.program("initdb"),
                    "--pgdata=" + fresh,
                    "--username=" + USER,
                    "--pwfile=" + passwordCopy,
                    "--auth=scram-sha-256",
                    // The password is 128 random bits, which need no stretching; each connection would pay for it.
                    "--set=scram_iterations=1",
                    "--encoding=UTF8",
                    // Built in since 17: the same order on every machine, whatever locales it has installed.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-instructions");
            ProcessAccount reaching = LinuxLauncher.reaching(account, binaries.program("initdb"), fresh.toString());
            Path log = config.dataFolder().resolve("initdb.log");
            ChildProcess child =
                    ChildProcess.start(new ChildProcess.Spec(initdb, Map.of("LC_ALL", "C"), log, reaching, "KILL"));
            if (!child.awaitExit(INITDB_LIMIT)) {
                child.killHard();
            }
            ChildProcess.Exit exit = child.onExit().join();
            if (exit.code() != 0) {
                throw new EmbeddedServerException(
                        EmbeddedServerException.ErrorCode.START_FAILED,
                        "initdb could not create " + cluster + " (code " + exit.code()
                                + "); fix what it names and start again. It says:\n  "
                                + String.join("\n  ", exit.lastLines()));
            }
            Files.move(fresh, cluster, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.delete(passwordCopy);
        }
    }

    private List<String> command(PostgresBinaries binaries) {
        List<String> command = new ArrayList<>(List.of(binaries.program("postgres"), "-D", cluster.toString()));
        Map<String, String> settings = new TreeMap<>(Config.DURABLE);
        settings.putAll(config.settings());
        settings.put("listen_addresses", "127.0.0.1");
        settings.put("port", Integer.toString(port));
        settings.put("unix_socket_directories", "");
        settings.forEach((key, value) -> command.addAll(List.of("-c", key + "=" + value)));
        return command;
    }

    /** The eighth line of postmaster.pid is the postmaster's own word on its state: starting, ready, stopping. */
    private boolean saysReady(long pid) {
        try {
            List<String> lines = Files.readAllLines(cluster.resolve("postmaster.pid"));
            return lines.size() >= 8
                    && lines.getFirst().strip().equals(Long.toString(pid))
                    && lines.get(7).strip().equals("ready");
        } catch (IOException _) {
            return false;
        }
    }

    private void createDatabase() {
        try (Connection connection = DriverManager.getConnection(jdbcUrl("postgres"), USER, password);
                Statement statement = connection.createStatement();
                ResultSet found =
                        statement.executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + DATABASE + "'")) {
            if (!found.next()) {
                statement.execute("CREATE DATABASE " + DATABASE);
            }
        } catch (SQLException e) {
            throw EmbeddedServerException.io("creating database " + DATABASE, e);
        }
    }

    private String keptPassword() throws IOException {
        Path file = config.dataFolder().resolve(NAME + ".password");
        if (Files.exists(file)) {
            return Files.readString(file).strip();
        }
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String fresh = HexFormat.of().formatHex(random);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, fresh);
        return fresh;
    }

    /**
     * Where and how Postgres runs.
     *
     * @param dataFolder holds the cluster in {@code postgres/}, the log, the password and the port; absolute or relative
     * @param port the port on 127.0.0.1; 0 for the port of the last run, or a free one that is then kept
     * @param settings Postgres settings over the durable ones
     */
    public record Config(Path dataFolder, int port, Map<String, String> settings) {
        /** What a store that payments rely on needs, and sizes for a machine shared with the whole stack. */
        static final Map<String, String> DURABLE = Map.of(
                "fsync", "on",
                "synchronous_commit", "on",
                "full_page_writes", "on",
                "max_connections", "200",
                "shared_buffers", "128MB",
                "max_wal_size", "2GB",
                "log_min_messages", "warning",
                "log_timezone", "UTC",
                "timezone", "UTC");

        public Config {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("port is out of range: " + port);
            }
            dataFolder = dataFolder.toAbsolutePath().normalize();
            settings = Map.copyOf(settings);
        }

        /** Postgres in a folder, on a port it chooses once. */
        public static Config in(Path dataFolder) {
            return new Config(dataFolder, 0, Map.of());
        }
    }
}
