package dev.muster.worker;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobHandler;
import dev.muster.store.Database;
import dev.muster.store.IncarnationStore;
import dev.muster.store.StoreException;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.SupervisorStartException;
import dev.muster.time.Ticker;
import dev.muster.worker.heartbeat.HealthServer;
import dev.muster.worker.lane.LaneParts;
import dev.muster.worker.payments.HealthCheck;
import dev.muster.worker.payments.PaymentChargeHandler;
import dev.muster.worker.payments.PaymentGateway;
import dev.muster.worker.posix.ImmediateExit;
import dev.muster.worker.spare.Spare;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker as a process: from its settings to its exit code. */
public final class WorkerMain {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerMain.class);

    private WorkerMain() {}

    /**
     * Runs a worker until it is told to end (SIGTERM: it drains) or has to. A breakdown or a fence halts the JVM with
     * the exit codes of {@link ExitCode}.
     *
     * @return the process's exit code
     */
    public static int run(Settings settings) {
        return run(settings, _ -> FaultPoint.Listener.none());
    }

    /**
     * The same, with a listener at the fault points: for drills.
     *
     * @param faults makes it from the settings of the life that this process lives, which a spare is told late
     */
    public static int run(Settings settings, Function<Settings, FaultPoint.Listener> faults) {
        try {
            Optional<Settings> mine = settings.bool(Setting.WORKER_SPARE)
                    ? Spare.await(settings, new Rehearsal(settings).steps())
                    : Optional.of(settings);
            return mine.map(own -> run(own, faults.apply(own), List.of(), event -> {}))
                    .orElse(ExitCode.NORMAL.code());
        } catch (ConfigException e) {
            return misconfigured(e);
        } catch (IllegalStateException e) {
            LOG.atError().log("The spare process can't become a worker: {}", e.getMessage());
            return ExitCode.FAILED.code();
        }
    }

    /** The same, with a listener at the fault points, further handlers and somebody who hears of the tree: for tests. */
    static int run(
            Settings settings,
            FaultPoint.Listener faults,
            List<JobHandler<?>> further,
            Consumer<SupervisionEvent> events) {
        try {
            Worker worker = start(settings, faults, further, events);
            Runtime.getRuntime()
                    .addShutdownHook(Thread.ofPlatform().name("sigterm").unstarted(() -> {
                        if (!worker.ended().isDone() && !isSignalled()) {
                            // A job has called System.exit. A drain would wait for that very job, and end in good
                            // order:
                            // it would be run again and again. Without a word it is judged as what it is.
                            Runtime.getRuntime().halt(ExitCode.FAILED.code());
                        }
                        try {
                            worker.drain("told to end");
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        // The JVM would exit with 143; to its supervisor, a worker that drained has ended normally.
                        Runtime.getRuntime().halt(ExitCode.NORMAL.code());
                    }));
            return worker.ended().get().code();
        } catch (ConfigException e) {
            return misconfigured(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: the end of a worker can't fail", e);
        } catch (SupervisorStartException | RuntimeException | Error e) {
            // Such as a handler's jar that can't be loaded. Threads that were started would keep a JVM alive that does
            // nothing but say that it is healthy.
            LOG.atError().setCause(e).log("The worker can't be started");
            return ExitCode.FAILED.code();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.FAILED.code();
        }
    }

    private static int misconfigured(ConfigException trouble) {
        LOG.atError().log("The configuration is wrong: {}", trouble.getMessage());
        return ExitCode.BAD_CONFIGURATION.code();
    }

    /** True if the JVM ends since a signal came: the JDK handles each on a thread that is named after it. */
    private static boolean isSignalled() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread ->
                        thread.getName().startsWith("SIG") && thread.getName().endsWith(" handler"));
    }

    private static Worker start(
            Settings settings,
            FaultPoint.Listener faults,
            List<JobHandler<?>> further,
            Consumer<SupervisionEvent> events)
            throws SupervisorStartException, InterruptedException {
        String hostName = hostName();
        WorkerConfig config = WorkerConfig.of(settings, hostName);
        PrometheusMeterRegistry meters = meters();
        HealthServer health = new HealthServer(
                config.paths().host(), config.paths().port(), config.paths().advertised(), meters);
        Incarnation me = born(settings, config, hostName, health);
        Optional<Path> reasonFile = config.paths().runFolder().map(folder -> folder.resolve(me + ".exit"));
        Ending ending = new Ending(reasonFile, code -> ImmediateExit.now(code.code()));
        // For the lanes, the watch, the trust window, and the poll loop or the drain: none waits for another's.
        Database database = Database.open(settings, me.id(), config.lanes() + 3, Optional.of(meters));
        Worker worker = new Worker(
                config,
                me,
                database,
                provider(settings, config, meters, faults, further),
                ending,
                new Worker.Surroundings(
                        settings, meters, health, Ticker.system(), faults, health.reachedAt(hostName), events));
        worker.start();
        ImmediateExit.prepare();
        return worker;
    }

    private static WorkerParts.Provider provider(
            Settings settings,
            WorkerConfig config,
            PrometheusMeterRegistry meters,
            FaultPoint.Listener faults,
            List<JobHandler<?>> further) {
        PaymentGateway gateway = new PaymentGateway(
                settings.string(Setting.PAYMENTS_URL),
                settings.string(Setting.PAYMENTS_KEY),
                settings.duration(Setting.PAYMENTS_TIMEOUT),
                config.healthCheck().isPresent(),
                meters,
                Ticker.system());
        TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(gateway.circuits()).bindTo(meters);
        return new WorkerParts.Provider(
                new PaymentCircuits(gateway.circuit()),
                handlers(gateway, further),
                config.healthCheck().map(interval -> new HealthCheck(gateway, interval, meters, faults)));
    }

    private static List<JobHandler<?>> handlers(PaymentGateway gateway, List<JobHandler<?>> further) {
        List<JobHandler<?>> all = new ArrayList<>(further);
        all.add(new PaymentChargeHandler(gateway));
        return all;
    }

    /** Mints this life, unless the launcher has, and says which process lives it. Waits for Postgres, and for an earlier life to be over. */
    private static Incarnation born(Settings settings, WorkerConfig config, String hostName, HealthServer health)
            throws InterruptedException {
        try (Database database = Database.open(settings, "muster-worker-start", 1, Optional.empty())) {
            IncarnationStore store = new IncarnationStore(database);
            for (int tries = 0; ; tries++) {
                long pause = Math.min(5_000, 200L << Math.min(tries, 5));
                try {
                    Optional<Incarnation> me = config.names()
                            .incarnation()
                            .map(Incarnation::new)
                            .or(() -> store.mint(
                                    config.names().worker(), config.names().pool(), hostName));
                    if (me.isPresent()) {
                        health.is(me.get()); // before the row says where to ask
                        register(store, me.get(), hostName, health);
                        return me.get();
                    }
                    LOG.atWarn()
                            .log(
                                    "An earlier life of {} is not over; asking again in {} ms",
                                    config.names().worker(),
                                    pause);
                } catch (StoreException e) {
                    LOG.atWarn()
                            .log(
                                    "Can't reach Postgres at {}; trying again in {} ms: {}",
                                    database.url(),
                                    pause,
                                    e.getMessage());
                }
                TimeUnit.MILLISECONDS.sleep(pause);
            }
        }
    }

    private static void register(IncarnationStore store, Incarnation me, String hostName, HealthServer health) {
        ProcessHandle self = ProcessHandle.current();
        Instant startedAt = self.info().startInstant().orElse(Instant.EPOCH);
        if (!store.register(me, hostName, self.pid(), startedAt, health.reachedAt(hostName), health.port())) {
            LOG.atWarn().log("The row of {} is missing, fenced or another process's; this one ends", me);
            Runtime.getRuntime().halt(ExitCode.FENCED.code());
        }
    }

    static PrometheusMeterRegistry meters() {
        PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new JvmMemoryMetrics().bindTo(meters);
        new JvmThreadMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        return meters;
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    /** The circuits of this worker: one, as long as there is one provider. */
    private record PaymentCircuits(CircuitBreaker breaker) implements LaneParts.Circuits {
        @Override
        public boolean isOpenFor(String dependency) {
            return dependency.equals(breaker.getName())
                    && (breaker.getState() == CircuitBreaker.State.OPEN
                            || breaker.getState() == CircuitBreaker.State.FORCED_OPEN);
        }

        @Override
        public Map<String, String> states() {
            return Map.of(breaker.getName(), breaker.getState().name().toLowerCase(Locale.ROOT));
        }
    }
}
