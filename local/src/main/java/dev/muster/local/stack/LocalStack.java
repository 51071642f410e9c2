package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.FileTree;
import dev.muster.local.MusterProcess;
import dev.muster.store.Database;
import dev.muster.store.SupervisionHistory;
import dev.muster.store.SupervisionLog;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Postgres, Kafka, the sandbox provider, a coordinator and its workers on one data folder, as a supervision tree:
 * {@link StackTree}. What a crashed stack has left running on the folder is ended first.
 *
 * <p>Thread-safety: made and closed by one thread; all else is thread-safe.
 */
public final class LocalStack implements AutoCloseable {
    private static final int CONNECTIONS = 3;
    /** What the processes of the last run have left there is deleted at a start. */
    static final String TEMPORARY = "tmp";

    private final StackConfig config;
    private final Consumer<String> say;
    private final StackLock lock;
    private final StackServers servers;
    private final Map<String, CoordinatorServer> coordinators;
    private final SupervisionHistory history = new SupervisionHistory("stack");
    private final StackTree tree;
    private volatile Settings settings;
    private volatile @Nullable Database database;
    private volatile boolean up;

    private LocalStack(StackConfig config, Consumer<String> say, Consumer<SupervisionEvent> listener) {
        this.config = config;
        this.say = say;
        this.settings = config.settings();
        this.lock = StackLock.take(config.dataFolder());
        this.servers = new StackServers(
                config.dataFolder(), config.ports(), config.further().outpost());
        this.coordinators = coordinators(config);
        Map<String, StackTree.Child> children = new LinkedHashMap<>();
        coordinators.forEach((name, coordinator) ->
                children.put(name, new StackTree.Child(coordinator, () -> startCoordinator(coordinator))));
        this.tree = new StackTree(
                servers,
                children,
                this::noteProperties,
                new Blame(servers()),
                new SupervisionLog()
                        .andThen(new News(servers(), say))
                        .andThen(listener)
                        .andThen(history),
                Ticker.system());
    }

    /**
     * Starts everything and returns when the coordinator answers; its workers are on their way then. What has started
     * when something does not is stopped again.
     *
     * @param say gets a line for each step, for people; called by several threads
     * @throws StackException while another stack runs on the folder, or if a server does not start
     */
    public static LocalStack start(StackConfig config, Consumer<String> say) {
        return start(config, say, _ -> {});
    }

    /**
     * The same with a listener.
     *
     * @param listener hears what happens in the tree, on the supervisors' threads; must not wait
     */
    public static LocalStack start(StackConfig config, Consumer<String> say, Consumer<SupervisionEvent> listener) {
        LocalStack stack = new LocalStack(config, say, listener);
        try {
            stack.start();
            return stack;
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    /** The restarts that the tree allows, for people. */
    public static String intensities() {
        return String.format(
                Locale.ROOT,
                "stack and servers %d restarts in %d s each",
                StackTree.INTENSITY,
                StackTree.PERIOD.toSeconds());
    }

    /** All that is supervised here, in the order of starting, by name. Coordinators come last. */
    public Map<String, EmbeddedServer> servers() {
        Map<String, EmbeddedServer> all = new LinkedHashMap<>(servers.byName());
        all.putAll(coordinators);
        return Collections.unmodifiableMap(all);
    }

    /** Where everything is, in the terms of the configuration: for clients in this JVM and for child processes. */
    public Settings settings() {
        return settings;
    }

    /** A small pool for looking; the workers have their own. */
    public Database database() {
        Database opened = database;
        if (opened == null) {
            throw new IllegalStateException("the stack has not come so far");
        }
        return opened;
    }

    public Fleet fleet() {
        return new Fleet(database(), folder("workers"));
    }

    /** The HTTP API of the first coordinator, which need not lead. */
    public URI apiUrl() {
        return Objects.requireNonNull(coordinators.get(StackTree.COORDINATOR)).url();
    }

    /** The worker behind wires that can be cut, if one is configured. */
    public Optional<Outpost> outpost() {
        return servers.outpost();
    }

    public URI sandboxUrl() {
        return servers.sandboxUrl();
    }

    /** Where the processes of a stack on that folder put temporary files. */
    public static Path temporary(Path dataFolder) {
        return dataFolder.resolve(TEMPORARY);
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

    /** Completes when all of the tree has ended: it has given up, see {@link #checkUp}, or this was closed. */
    public CompletableFuture<?> onExit() {
        return tree.onExit();
    }

    /**
     * Returns when the end is asked for, which may also be done by an interrupt.
     *
     * @throws StackException when the tree has given up: says why and what to do, the end of a log included
     */
    public void await(CompletableFuture<?> asked) {
        try {
            CompletableFuture.anyOf(asked, tree.onExit()).get();
        } catch (InterruptedException _) {
            return; // how the end is asked for
        } catch (ExecutionException e) {
            throw new StackException("can't watch the stack: " + e.getMessage(), e);
        }
        if (!asked.isDone()) {
            checkUp();
        }
    }

    /**
     * Does nothing while the tree stands; a server in it may be down for a moment.
     *
     * @throws StackException when it has given up
     */
    public void checkUp() {
        if (tree.onExit().isDone()) {
            throw tree.gaveUp();
        }
    }

    /**
     * Stops what runs: the coordinator, then its workers, which drain, then sandbox, Kafka, Postgres. Does its work also
     * on an interrupted thread, and to its end although something fails.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            attempt("coordinator", tree::stopCoordinators);
            attempt("workers", this::endWorkers);
            attempt("servers", tree::stop);
            // Their processes have ended; this gives their folders back.
            servers().forEach((name, server) -> attempt(name, server::stop));
            outpost().ifPresent(Outpost::close);
            attempt("stack.properties", () -> StackProperties.delete(config.dataFolder()));
            attempt("folder", lock::close);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void start() {
        StackProperties.delete(config.dataFolder());
        emptyTemporary();
        say.accept("starting Postgres, Kafka and the sandbox provider in " + config.dataFolder());
        try {
            tree.start();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("stopped while starting", e);
        }
        up = true;
        noteProperties();
    }

    private void emptyTemporary() {
        try {
            FileTree.delete(folder(TEMPORARY));
            Files.createDirectories(folder(TEMPORARY));
        } catch (IOException e) {
            throw new StackException("can't empty " + folder(TEMPORARY), e);
        }
    }

    /** The servers are in service. The first time, all that it needs is made ready; it stays so, and it runs on. */
    private void startCoordinator(CoordinatorServer coordinator) {
        if (database == null) {
            settings = locate();
            prepare();
            say.accept("starting "
                    + (coordinators.size() == 1 ? "the coordinator" : coordinators.size() + " coordinators") + " and "
                    + config.workers() + " workers");
        }
        coordinator.start();
    }

    /** The first has the configured port, the others any; each keeps its own. */
    private Map<String, CoordinatorServer> coordinators(StackConfig wanted) {
        Map<String, CoordinatorServer> all = new LinkedHashMap<>();
        for (int i = 1; i <= wanted.further().coordinators(); i++) {
            String name = i == 1 ? StackTree.COORDINATOR : StackTree.COORDINATOR + "-" + i;
            int port = i == 1 ? wanted.settings().integer(Setting.COORDINATOR_PORT, 0, 65_535) : 0;
            all.put(name, new CoordinatorServer(name, wanted.dataFolder(), port, this::settings));
        }
        return Collections.unmodifiableMap(all);
    }

    private Settings locate() {
        return servers.locate(settings)
                .with(Setting.FLEET_LAUNCHER, "process")
                .with(Setting.FLEET_WORKERS, Integer.toString(config.workers()))
                .with(Setting.FLEET_COMMAND, command())
                .with(Setting.FLEET_RUN_FOLDER, folder("workers").toString());
    }

    /** What starts a worker; a trial may have said so. */
    private String command() {
        String own = settings.string(Setting.FLEET_COMMAND);
        return own.isEmpty() ? String.join("\t", MusterProcess.worker(folder(TEMPORARY))) : own;
    }

    private void prepare() {
        Preparation.schemaAndTopics(settings);
        Database opened = Database.open(settings, "muster-stack", CONNECTIONS, Optional.empty());
        database = opened;
        int orphans = fleet().killAll();
        if (orphans > 0) {
            say.accept("ended " + orphans + " workers that an earlier stack had left behind");
        }
        Preparation.queues(settings, opened, config.queues());
        outpost().ifPresent(it -> it.configure(settings, folder("workers")));
        history.writeTo(opened);
    }

    /** After a start, since the process id is another one then; the first ones are noted together, when all is up. */
    private synchronized void noteProperties() {
        if (up) {
            properties().write(config.dataFolder());
        }
    }

    /** They drain, for which they need the servers. Without these they are killed; what they ran goes on at the next start. */
    private void endWorkers() {
        Database opened = database;
        if (opened == null) {
            return;
        }
        Fleet fleet = fleet();
        if (tree.stands()) {
            fleet.end(settings.duration(Setting.WORKER_DRAIN_TIMEOUT).plusSeconds(5));
        } else {
            fleet.killAll();
        }
        history.close(); // while Postgres still runs
        opened.close();
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
}
