package dev.muster.embedded;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Node;

/**
 * A Kafka broker that is its own controller (KRaft), as a child JVM with this JVM's class path: for the local stack and
 * for tests. It allows group sessions below a second. Listens on 127.0.0.1 and nowhere else.
 *
 * <p>Thread-safety: thread-safe.
 */
public final class KafkaServer extends ServerProcess {
    private static final String NAME = "kafka";
    private static final String CONTROLLER = "kafka-controller";
    private static final Duration START_LIMIT = Duration.ofMinutes(1);
    /** Controlled shutdown: groups are moved, logs are flushed, the next start needs no recovery. */
    private static final Duration STOP_GRACE = Duration.ofSeconds(15);

    private final Config config;
    private final Path home;
    private volatile int port;
    private volatile int controllerPort;
    private final Map<String, Integer> furtherPorts = new ConcurrentHashMap<>();

    public KafkaServer(Config config) {
        super(NAME, config.dataFolder(), "TERM", STOP_GRACE);
        this.config = config;
        this.home = config.dataFolder().resolve(NAME);
        this.port = config.port();
    }

    @Override
    public Path logFile() {
        return home.resolve("kafka.log");
    }

    /** The address for clients; known after the first start. */
    public String bootstrapServers() {
        if (port == 0) {
            throw new IllegalStateException("Kafka was never started, so its port is not known");
        }
        return "127.0.0.1:" + port;
    }

    /**
     * Where the broker itself listens for the clients of a further listener; known after the first start.
     *
     * @throws IllegalStateException when it was never started, or has no listener of that name
     */
    public int port(String listener) {
        Integer known = furtherPorts.get(listener);
        if (known == null) {
            throw new IllegalStateException("Kafka has no listener " + listener + ", or was never started");
        }
        return known;
    }

    @Override
    protected ChildProcess launch(DataFolder folder) {
        port = folder.port(NAME, port);
        controllerPort = folder.port(CONTROLLER, controllerPort);
        config.listeners()
                .forEach(further -> furtherPorts.compute(
                        further.name(),
                        (name, known) ->
                                folder.port(NAME + "-" + name.toLowerCase(Locale.ROOT), known == null ? 0 : known)));
        Path properties = home.resolve("broker.properties");
        try {
            Files.createDirectories(home);
            write(properties);
        } catch (IOException e) {
            throw EmbeddedServerException.io("writing " + properties, e);
        }
        return ChildProcess.start(ChildProcess.Spec.of(command(properties), logFile()));
    }

    private void write(Path file) throws IOException {
        Properties properties = new Properties();
        properties.putAll(KafkaSettings.of(
                new KafkaSettings.Addresses(port, controllerPort, config.listeners(), furtherPorts),
                home.resolve("logs").toString(),
                config.properties()));
        try (Writer writer = Files.newBufferedWriter(file)) {
            properties.store(writer, "Written at every start from Muster's settings; changes here are lost.");
        }
    }

    private List<String> command(Path properties) {
        List<String> command = new ArrayList<>(ChildJvm.java("kafka"));
        command.addAll(config.jvmOptions());
        command.addAll(List.of(
                "-Dlogback.configurationFile=" + ChildJvm.LOGGING, KafkaBroker.class.getName(), properties.toString()));
        return command;
    }

    @Override
    protected void awaitReady(ChildProcess child) {
        // An Admin that is turned away writes a warning each time, so it is asked only when the port is open.
        Readiness.await("Kafka", child, START_LIMIT, () -> Ports.accepts(port));
        Map<String, Object> settings = Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers(),
                AdminClientConfig.CLIENT_ID_CONFIG, "muster-embedded-readiness",
                AdminClientConfig.RECONNECT_BACKOFF_MS_CONFIG, "20",
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "100",
                AdminClientConfig.RETRY_BACKOFF_MS_CONFIG, "20");
        Admin admin = Admin.create(settings);
        try {
            Readiness.await("Kafka", child, START_LIMIT, new Registration(admin));
        } finally {
            // Without a limit it would wait a minute for the answer of a broker that has ended.
            admin.close(Duration.ZERO);
        }
    }

    /**
     * A broker answers before it is registered; only then does it own partitions, and is listed as a node. Asks again
     * when it was answered and never waits, so that the end of the broker is seen at once. Confined to one thread.
     */
    private static final class Registration implements BooleanSupplier {
        private final Admin admin;
        private CompletableFuture<Collection<Node>> asked;

        Registration(Admin admin) {
            this.admin = admin;
            this.asked = ask(admin);
        }

        @Override
        public boolean getAsBoolean() {
            if (!asked.isDone()) {
                return false;
            }
            if (!asked.isCompletedExceptionally() && !asked.join().isEmpty()) {
                return true;
            }
            asked = ask(admin);
            return false;
        }

        private static CompletableFuture<Collection<Node>> ask(Admin admin) {
            return admin.describeCluster().nodes().toCompletionStage().toCompletableFuture();
        }
    }

    /**
     * Where and how the broker runs.
     *
     * @param dataFolder holds the broker in {@code kafka/} and its ports; absolute or relative
     * @param port the port for clients on 127.0.0.1; 0 for the port of the last run, or a free one that is then kept
     * @param properties broker properties over the ones of {@code muster up}
     * @param jvmOptions options of the broker's JVM
     * @param listeners beside the one for everybody
     */
    public record Config(
            Path dataFolder,
            int port,
            Map<String, String> properties,
            List<String> jvmOptions,
            List<Listener> listeners) {
        /** Sized for a laptop: the serial collector keeps the broker near 250 MB. */
        public static final List<String> JVM_OPTIONS =
                List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError");

        public Config {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("port is out of range: " + port);
            }
            dataFolder = dataFolder.toAbsolutePath().normalize();
            properties = Map.copyOf(properties);
            jvmOptions = List.copyOf(jvmOptions);
            listeners = List.copyOf(listeners);
        }

        /** With the one listener for everybody. */
        public Config(Path dataFolder, int port, Map<String, String> properties, List<String> jvmOptions) {
            this(dataFolder, port, properties, jvmOptions, List.of());
        }

        /** A broker in a folder, on a port it chooses once. */
        public static Config in(Path dataFolder) {
            return new Config(dataFolder, 0, Map.of(), JVM_OPTIONS);
        }

        /** The same with further options, which win over the ones before. */
        public Config withJvmOptions(String... more) {
            List<String> all = new ArrayList<>(jvmOptions);
            all.addAll(List.of(more));
            return new Config(dataFolder, port, properties, all, listeners);
        }

        /** The same with a further listener. */
        public Config with(Listener further) {
            List<Listener> all = new ArrayList<>(listeners);
            all.add(further);
            return new Config(dataFolder, port, properties, jvmOptions, all);
        }
    }

    /**
     * A listener for some clients, who find the broker at another address than everybody else: through a proxy that can
     * cut their wire. The broker tells them that address for all that follows too.
     *
     * @param name in capital letters
     * @param advertisedPort on 127.0.0.1, where the proxy listens
     */
    public record Listener(String name, int advertisedPort) {
        public Listener {
            if (!name.matches("[A-Z]+")) {
                throw new IllegalArgumentException("name has other than capital letters: " + name);
            }
        }
    }
}
