package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.FileTree;
import dev.muster.embedded.KafkaServer;
import dev.muster.embedded.PostgresServer;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.MusterProcess;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * Postgres, Kafka, the sandbox provider, a coordinator and its workers on one data folder. Starts them in order and
 * stops them in reverse; what a crashed stack has left running on the folder is ended first.
 *
 * <p>Thread-safety: confined to one thread, except the servers, which each are thread-safe.
 */
public final class LocalStack implements AutoCloseable {
    private static final int CONNECTIONS = 3;
    /** What the processes of the last run have left there is deleted at a start. */
    static final String TEMPORARY = "tmp";

    private final StackConfig config;
    private final Consumer<String> say;
    private final StackLock lock;
    private final PostgresServer postgres;
    private final KafkaServer kafka;
    private final SandboxServer sandbox;
    private Settings settings;
    private @Nullable Database database;
    private @Nullable CoordinatorServer coordinator;

    private LocalStack(StackConfig config, Consumer<String> say) {
        this.config = config;
        this.say = say;
        this.settings = config.settings();
        this.lock = StackLock.take(config.dataFolder());
        this.postgres = new PostgresServer(
                new PostgresServer.Config(config.dataFolder(), config.ports().postgres(), Map.of()));
        this.kafka = new KafkaServer(new KafkaServer.Config(
                config.dataFolder(),
                config.ports().kafka(),
                Map.of(),
                MusterProcess.small(KafkaServer.Config.JVM_OPTIONS)));
        this.sandbox = new SandboxServer(
                SandboxConfig.in(config.dataFolder()).withPort(config.ports().sandbox()));
    }

    /**
     * Starts everything and returns when the coordinator answers; its workers are on their way then. What has started
     * when something does not is stopped again.
     *
     * @param say gets a line for each step, for people
     * @throws StackException while another stack runs on the folder
     * @throws dev.muster.embedded.EmbeddedServerException if a server does not start
     */
    public static LocalStack start(StackConfig config, Consumer<String> say) {
        LocalStack stack = new LocalStack(config, say);
        try {
            StackProperties.delete(config.dataFolder());
            stack.emptyTemporary();
            stack.startServers();
            stack.prepare();
            stack.startCoordinator();
            stack.properties().write(config.dataFolder());
            return stack;
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    /** All that runs, in the order of starting, by name. The coordinator comes last. */
    public Map<String, EmbeddedServer> servers() {
        Map<String, EmbeddedServer> servers = new LinkedHashMap<>();
        servers.put("postgres", postgres);
        servers.put("kafka", kafka);
        servers.put("sandbox", sandbox);
        servers.put("coordinator", running(coordinator));
        return servers;
    }

    /** Where everything is, in the terms of the configuration: for clients in this JVM and for child processes. */
    public Settings settings() {
        return settings;
    }

    /** A small pool for looking; the workers have their own. */
    public Database database() {
        return running(database);
    }

    public Fleet fleet() {
        return new Fleet(database());
    }

    public URI apiUrl() {
        return running(coordinator).url();
    }

    public URI sandboxUrl() {
        return sandbox.url();
    }

    /** What {@code stack.properties} says. */
    public StackProperties properties() {
        Map<String, Long> children = new LinkedHashMap<>();
        servers().forEach((name, server) -> children.put(name, server.pid()));
        return StackProperties.of(
                settings,
                apiUrl().toString(),
                sandboxUrl().toString(),
                ProcessHandle.current().pid(),
                children);
    }

    /** Writes {@code stack.properties} again, after a server came back under another process id. */
    public void noteProperties() {
        properties().write(config.dataFolder());
    }

    /**
     * Stops what runs: the coordinator with its workers, then sandbox, Kafka, Postgres. Does its work also on an
     * interrupted thread, and to its end although something fails.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            attempt("coordinator and workers", this::stopFleet);
            attempt("sandbox", sandbox::stop);
            attempt("Kafka", kafka::stop);
            attempt("Postgres", postgres::stop);
            attempt("stack.properties", () -> StackProperties.delete(config.dataFolder()));
            attempt("folder", lock::close);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void startServers() {
        say.accept("starting Postgres, Kafka and the sandbox provider in " + config.dataFolder());
        inParallel(List.of(postgres::start, kafka::start, sandbox::start));
        settings = settings.with(Setting.KAFKA_BOOTSTRAP, kafka.bootstrapServers())
                .with(Setting.POSTGRES_URL, postgres.jdbcUrl())
                .with(Setting.POSTGRES_USER, postgres.user())
                .with(Setting.POSTGRES_PASSWORD, postgres.password())
                .with(Setting.PAYMENTS_URL, sandbox.url().toString())
                .with(Setting.FLEET_LAUNCHER, "process")
                .with(Setting.FLEET_WORKERS, Integer.toString(config.workers()))
                .with(Setting.FLEET_COMMAND, String.join("\t", MusterProcess.worker(folder(TEMPORARY))))
                .with(Setting.FLEET_RUN_FOLDER, folder("workers").toString());
    }

    private void emptyTemporary() {
        try {
            FileTree.delete(folder(TEMPORARY));
            Files.createDirectories(folder(TEMPORARY));
        } catch (IOException e) {
            throw new StackException("can't empty " + folder(TEMPORARY), e);
        }
    }

    private void prepare() {
        inParallel(List.of(() -> Migrations.migrate(settings), this::makeInternalTopics));
        Database opened = Database.open(settings, "muster-stack", CONNECTIONS, Optional.empty());
        database = opened;
        int orphans = fleet().killAll();
        if (orphans > 0) {
            say.accept("ended " + orphans + " workers that an earlier stack had left behind");
        }
        QueueStore queues = new QueueStore(opened);
        try (Admin admin = new KafkaClients(settings).admin("muster-stack")) {
            TopicAdmin topics = new TopicAdmin(admin, settings);
            for (Queue queue : config.queues()) {
                QueueSetup.ensure(topics, queues, queue);
            }
        }
    }

    private void makeInternalTopics() {
        try (Admin admin = new KafkaClients(settings).admin("muster-stack")) {
            new TopicAdmin(admin, settings).ensureInternalTopics();
        }
    }

    private void startCoordinator() {
        say.accept("starting the coordinator and " + config.workers() + " workers");
        CoordinatorServer server = new CoordinatorServer(settings, config.dataFolder());
        coordinator = server;
        server.start();
    }

    private void stopFleet() {
        if (coordinator != null) {
            coordinator.stop();
        }
        if (database != null) {
            // None are left when the coordinator ended in good order; all of them when it was killed.
            fleet().end(settings.duration(Setting.WORKER_DRAIN_TIMEOUT).plusSeconds(5));
            database.close();
        }
    }

    private Path folder(String name) {
        return config.dataFolder().resolve(name);
    }

    private void attempt(String what, Runnable stop) {
        try {
            stop.run();
        } catch (RuntimeException e) {
            say.accept("stopping: " + what + ": " + e.getMessage());
        }
    }

    private static void inParallel(List<Runnable> steps) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<?>[] all = steps.stream()
                    .map(step -> CompletableFuture.runAsync(step, threads))
                    .toArray(CompletableFuture<?>[]::new);
            CompletableFuture.allOf(all).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new StackException("can't start: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("stopped while starting", e);
        }
    }

    private static <T> T running(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("the stack has not come so far");
        }
        return part;
    }
}
