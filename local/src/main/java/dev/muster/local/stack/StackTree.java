package dev.muster.local.stack;

import dev.muster.embedded.EmbeddedServer;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.Request;
import dev.muster.supervision.Shutdown;
import dev.muster.supervision.Strategy;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.runtime.ChildDefinition;
import dev.muster.supervision.runtime.ChildStart;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.Supervisor;
import dev.muster.supervision.runtime.SupervisorStartException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * The supervision tree of the local stack. A server that ends is started again alone, since none needs another; when one
 * can't be kept running, the coordinator is stopped and all is started again; when that does not help either, the tree
 * ends, with everything in it.
 *
 * <pre>
 * stack               rest_for_one
 * ├─ servers          one_for_one
 * │  ├─ postgres
 * │  ├─ kafka
 * │  └─ sandbox
 * └─ coordinator      stopped: it detaches, and its workers run on
 * </pre>
 *
 * <p>Several coordinators are {@code coordinators}, one_for_one: the end of the leader is not to take the standby with it.
 *
 * <p>Thread-safety: thread-safe.
 */
final class StackTree {
    /** More restarts than this within {@link #PERIOD}, and it is not bad luck any more. For each of the supervisors. */
    static final int INTENSITY = 10;

    static final Duration PERIOD = Duration.ofSeconds(60);

    static final String ROOT = "stack";
    static final String SERVERS = "servers";
    static final String COORDINATOR = "coordinator";
    static final String COORDINATORS = "coordinators";

    /** Longer than the longest orderly end of one: Postgres may have 20 s of checkpoint to write. */
    private static final Duration SHUTDOWN = Duration.ofSeconds(20);

    private final StackServers servers;
    private final Map<String, Child> coordinators;
    private final Runnable afterStart;
    private final Blame blame;
    private final Consumer<SupervisionEvent> listener;
    private final Ticker ticker;
    private final CompletableFuture<Supervisor> root = new CompletableFuture<>();
    private volatile boolean begun;

    /** A server in the tree, and what starts it. */
    record Child(EmbeddedServer server, Runnable start) {}

    /**
     * Starts nothing yet.
     *
     * @param coordinators by name, in order; their starts are called when the servers are in service
     * @param afterStart called when any of them has been started, before it is in service
     * @param listener hears of everything, on the supervisors' threads; must not wait
     */
    StackTree(
            StackServers servers,
            Map<String, Child> coordinators,
            Runnable afterStart,
            Blame blame,
            Consumer<SupervisionEvent> listener,
            Ticker ticker) {
        this.servers = servers;
        this.coordinators = Collections.unmodifiableMap(new LinkedHashMap<>(coordinators));
        this.afterStart = afterStart;
        this.blame = blame;
        this.listener = blame.andThen(listener); // who hears of the end finds the blame laid
        this.ticker = ticker;
    }

    /**
     * Starts all of it and returns when it is in service. To be called once.
     *
     * @throws StackException when something does not start; what had started is stopped by then
     * @throws InterruptedException then {@link #stop} ends what was begun
     */
    void start() throws InterruptedException {
        begun = true;
        servers.begin();
        Thread.ofVirtual().name("stack-start").start(() -> {
            try {
                root.complete(startRoot());
            } catch (Exception e) {
                root.completeExceptionally(e);
            }
        });
        try {
            root.get();
        } catch (ExecutionException e) {
            throw blame.notStarted(e);
        }
    }

    /**
     * Completes when the tree has given up: all of it is stopped by then.
     *
     * @throws IllegalStateException when it was not started
     */
    CompletableFuture<ExitReason> onExit() {
        return root.join().onExit();
    }

    /** True while it may yet recover from whatever happens to it. */
    boolean stands() {
        return running().filter(supervisor -> !supervisor.onExit().isDone()).isPresent();
    }

    /** Why it gave up. */
    StackException gaveUp() {
        return blame.gaveUp(INTENSITY, PERIOD);
    }

    /** Stops the coordinators for good and returns when they have ended. Their workers run on, and so do the servers. */
    void stopCoordinators() {
        abortCoordinators();
        running()
                .ifPresent(supervisor -> supervisor
                        .call(new Request.TerminateChild(coordinatorsChild()))
                        .join());
    }

    /** Stops everything in reverse order and returns when it has ended. Does nothing when it has ended already. */
    void stop() {
        abortStarts();
        running().ifPresent(supervisor -> {
            supervisor.shutdown();
            var _ = supervisor.onExit().join();
        });
    }

    /** A supervisor waits for a start that is under way before it does anything else. */
    private void abortStarts() {
        servers.byName().values().forEach(EmbeddedServer::abortStart);
        abortCoordinators();
    }

    private void abortCoordinators() {
        coordinators.values().forEach(child -> child.server().abortStart());
    }

    private String coordinatorsChild() {
        return coordinators.size() == 1 ? coordinators.keySet().iterator().next() : COORDINATORS;
    }

    /** The supervisor, if it has come so far. */
    private Optional<Supervisor> running() {
        if (!begun) {
            return Optional.empty();
        }
        if (!root.isDone()) {
            abortStarts();
        }
        try {
            return Optional.of(root.join());
        } catch (CompletionException _) {
            return Optional.empty(); // It did not start, and has stopped what had.
        }
    }

    private Supervisor startRoot() throws SupervisorStartException, InterruptedException {
        return Supervisor.start(
                ROOT,
                flags(Strategy.REST_FOR_ONE),
                List.of(
                        new ChildDefinition(
                                ChildSpec.supervisor(SERVERS), withEnd(SERVERS, () -> Optional.of(startServers()))),
                        coordinatorsDefinition()),
                ticker,
                listener);
    }

    private ChildDefinition coordinatorsDefinition() {
        return coordinators.size() == 1
                ? coordinatorDefinitions().getFirst()
                : new ChildDefinition(
                        ChildSpec.supervisor(COORDINATORS),
                        withEnd(
                                COORDINATORS,
                                () -> Optional.of(Supervisor.start(
                                        ROOT + "/" + COORDINATORS,
                                        flags(Strategy.ONE_FOR_ONE),
                                        coordinatorDefinitions(),
                                        ticker,
                                        listener))));
    }

    private List<ChildDefinition> coordinatorDefinitions() {
        return coordinators.entrySet().stream()
                .map(entry -> definition(entry.getKey(), entry.getValue()))
                .toList();
    }

    private Life startServers() throws SupervisorStartException, InterruptedException {
        List<ChildDefinition> children = new ArrayList<>();
        servers.byName()
                .forEach((name, server) ->
                        children.add(definition(name, new Child(server, () -> servers.start(name)))));
        Supervisor supervisor =
                Supervisor.start(ROOT + "/" + SERVERS, flags(Strategy.ONE_FOR_ONE), children, ticker, listener);
        // A coordinator that is starting just then waits for them, and its supervisor with it: for a minute.
        var _ = supervisor.onExit().thenRun(this::abortCoordinators);
        return supervisor;
    }

    private ChildDefinition definition(String name, Child child) {
        return new ChildDefinition(
                ChildSpec.worker(name).withShutdown(new Shutdown.Timeout(SHUTDOWN)), withEnd(name, () -> {
                    try {
                        child.start().run();
                        afterStart.run();
                        return Optional.of(new ServerLife(child.server()));
                    } catch (RuntimeException e) {
                        blame.failed(name, e);
                        throw e;
                    }
                }));
    }

    private StartAttempts withEnd(String name, ChildStart start) {
        return new StartAttempts(name, start, PERIOD, ticker);
    }

    private static SupervisorFlags flags(Strategy strategy) {
        return SupervisorFlags.defaults().withStrategy(strategy).withIntensity(INTENSITY, PERIOD);
    }
}
