package dev.muster.coordinator.fleet;

import dev.muster.coordinator.liveness.LivenessEvent;
import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.LocalHost;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.StoreException;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.Life;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a worker under its supervisor, from the wish to have it. First it waits: for the fence of the life before,
 * and for its pause. Then it goes on with a process that runs already, or mints a name and starts one, and tries again
 * for as long as Postgres or the operating system can't: that is no failure of the worker, so it costs no restart. It
 * ends when its process does.
 *
 * <p>INVARIANT: a process never runs without a row that names it, so a coordinator that has lost its lease can't start a
 * twin. Thread-safe; guarded by its monitor.
 */
final class WorkerLife implements Life {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerLife.class);
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final int BY_SIGKILL = 128 + 9;
    private static final int BY_SIGTERM = 128 + 15;

    private final String worker;
    private final String pool;
    private final Collaborators with;
    private final Authority authority;
    private final boolean restarts;
    private final Consumer<Incarnation> misconfigured;
    private final CompletableFuture<Boolean> inService = new CompletableFuture<>();
    private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();

    private Optional<WorkerProcess> process = Optional.empty();
    private boolean asked;
    private boolean killed;

    private WorkerLife(
            String worker,
            String pool,
            Collaborators with,
            Authority authority,
            boolean restarts,
            Consumer<Incarnation> misconfigured) {
        this.worker = worker;
        this.pool = pool;
        this.with = with;
        this.authority = authority;
        this.restarts = restarts;
        this.misconfigured = misconfigured;
    }

    /**
     * Whom it works with.
     *
     * @param residents by worker: its life that Postgres knows, if that was started by a coordinator
     */
    record Collaborators(
            Launcher launcher,
            FleetStore fleet,
            Deaths deaths,
            Function<String, Optional<LiveIncarnation>> residents,
            Consumer<LivenessEvent> liveness,
            Executor tasks) {}

    /**
     * Begins a life; returns at once.
     *
     * @param restarts its supervisor starts it again when it has ended
     * @param misconfigured is told, before its exit is, that the worker must not be started again
     */
    static WorkerLife begin(
            String worker,
            String pool,
            Duration pause,
            Collaborators with,
            Authority authority,
            boolean restarts,
            Consumer<Incarnation> misconfigured) {
        WorkerLife life = new WorkerLife(worker, pool, with, authority, restarts, misconfigured);
        with.tasks().execute(() -> life.begin(pause));
        return life;
    }

    /** Of a process that runs already, and that nobody starts again. */
    static WorkerLife of(WorkerProcess process, String pool, Collaborators with, Authority authority) {
        WorkerLife life = new WorkerLife(process.incarnation().worker(), pool, with, authority, false, _ -> {});
        life.attach(process);
        return life;
    }

    @Override
    public CompletableFuture<Boolean> inService() {
        return inService;
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    @Override
    public Optional<String> name() {
        return process().map(running -> running.incarnation().id());
    }

    synchronized Optional<WorkerProcess> process() {
        return process;
    }

    /** Has the worker drain and end; one that waits ends at once. */
    @Override
    public synchronized void shutdown() {
        asked = true;
        end(WorkerProcess::terminate, new ExitReason.Shutdown());
    }

    @Override
    public synchronized void kill() {
        killed = true;
        end(WorkerProcess::kill, new ExitReason.Killed());
    }

    /** It says nothing any more, so it counts as dead, whatever becomes of its process. */
    void lost(Duration silence) {
        exit.complete(new ExitReason.Crash("silent for " + silence.toMillis() + " ms"));
    }

    /** It is nobody's here any more. Its process is left alone. */
    void drop() {
        exit.complete(new ExitReason.Shutdown());
    }

    private void end(Consumer<WorkerProcess> signal, ExitReason unstarted) {
        if (authority.isOver()) {
            drop();
        } else if (process.isPresent()) {
            signal.accept(process.get());
        } else {
            exit.complete(unstarted);
        }
    }

    // ---- until it runs ----

    private void begin(Duration pause) {
        Optional<Duration> wait = Optional.of(pause);
        while (wait.isPresent() && hasPassed(wait.get()) && isNameFree()) {
            wait = attempt();
        }
    }

    /** Waits this long; false if the life has ended meanwhile. */
    private boolean hasPassed(Duration pause) {
        if (pause.isZero()) {
            return !exit.isDone();
        }
        try {
            exit.get(pause.toNanos(), TimeUnit.NANOSECONDS);
            return false;
        } catch (TimeoutException e) {
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false; // the coordinator ends
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: it completes with a value", e);
        }
    }

    /** Waits for the fence of the life before; false if this one has ended meanwhile. */
    private boolean isNameFree() {
        CompletableFuture.anyOf(with.deaths().fence(worker), exit).join();
        return !exit.isDone();
    }

    /** Tries to have a process. Empty when there is one, or none is wanted any more; else how long until the next try. */
    private Optional<Duration> attempt() {
        if (!authority.mayStart()) {
            return Optional.empty();
        }
        try {
            Optional<LiveIncarnation> resident =
                    with.residents().apply(worker).filter(row -> !with.deaths().isKnown(row.incarnation()));
            if (resident.isPresent()) {
                switch (with.launcher().find(resident.get())) {
                    case Launcher.Lookup.Here(WorkerProcess running) -> {
                        goOnWith(running);
                        return Optional.empty();
                    }
                    case Launcher.Lookup.Gone(ExitReport report) -> {
                        Incarnation gone = resident.get().incarnation();
                        with.deaths().recover(new Death.Exit(gone, pool, report, false, false), restarts);
                        return Optional.of(Duration.ZERO);
                    }
                    case Launcher.Lookup.Unknown() -> {
                        return Optional.of(AGAIN); // only its heartbeats tell; while its row stands, no name is minted
                    }
                }
            }
            Optional<Incarnation> minted = with.fleet()
                    .mint(worker, pool, FleetStore.LauncherKind.PROCESS, LocalHost.name(), authority.epoch());
            return minted.isPresent()
                    ? launch(minted.get())
                    : again("its life before is not fenced yet, or this coordinator leads no more");
        } catch (StoreException | IOException e) {
            return again(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<Duration> again(String worker, String why) {
        LOG.warn("Worker {} could not be started: {}; tried again in {} ms", worker, why, AGAIN.toMillis());
        return Optional.of(AGAIN);
    }

    private Optional<Duration> again(String why) {
        return again(worker, why);
    }

    private void goOnWith(WorkerProcess running) throws IOException {
        authority.start(() -> {
            LOG.info("Worker {} runs already, pid {}; goes on with it", running.incarnation(), running.pid());
            attach(running);
        });
    }

    private Optional<Duration> launch(Incarnation incarnation) {
        Death.Exit unborn = new Death.Exit(incarnation, pool, ExitReport.notStarted("not wanted any more"), true);
        try {
            boolean started = !exit.isDone()
                    && authority.start(() -> attach(with.launcher().start(incarnation)));
            if (!started) {
                with.deaths().recover(unborn, false); // its row would keep the name taken
                return Optional.empty();
            }
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            with.deaths().recover(new Death.Exit(incarnation, pool, ExitReport.notStarted(why), false), restarts);
            return again(why);
        }
        process().ifPresent(this::record);
        return Optional.empty();
    }

    private void record(WorkerProcess started) {
        LOG.atInfo()
                .addKeyValue("incarnation", started.incarnation())
                .log("Worker {} started, pid {}", started.incarnation(), started.pid());
        try {
            with.fleet()
                    .recordProcess(
                            started.incarnation(),
                            LocalHost.name(),
                            started.pid(),
                            started.startedAt().orElse(null));
        } catch (StoreException e) {
            LOG.warn(
                    "The process of {} could not be recorded: {}; it does so itself when it registers",
                    started.incarnation(),
                    e.getMessage());
        }
    }

    private synchronized void attach(WorkerProcess running) {
        Incarnation incarnation = running.incarnation();
        process = Optional.of(running);
        with.liveness().accept(new LivenessEvent.Expected(incarnation, Optional.empty()));
        if (exit.isDone()) {
            killed = true; // RACE: it was stopped while its process was being forked
            running.kill();
        } else {
            with.deaths().succeeded(incarnation);
            inService.complete(true);
        }
        var _ = running.onExit().thenAccept(report -> ended(incarnation, report));
    }

    // ---- its end ----

    private void ended(Incarnation incarnation, ExitReport report) {
        if (authority.isOver()) {
            drop();
            return;
        }
        boolean stopped = isStopped(report);
        boolean staysDown = report.is(ExitCode.BAD_CONFIGURATION);
        boolean restarted = restarts && authority.mayStart() && !staysDown;
        with.deaths().recover(new Death.Exit(incarnation, pool, report, stopped), restarted);
        if (staysDown && !exit.isDone()) {
            misconfigured.accept(incarnation);
        }
        exit.complete(reason(report, stopped));
    }

    /** True if it was stopped and ended as one does then. The code of an adopted one may be unknown. */
    private synchronized boolean isStopped(ExitReport report) {
        if (report.code().isEmpty()) {
            return asked || killed;
        }
        int code = report.code().getAsInt();
        return (asked && (code == ExitCode.NORMAL.code() || code == BY_SIGTERM)) || (killed && code == BY_SIGKILL);
    }

    private static ExitReason reason(ExitReport report, boolean stopped) {
        boolean wasKilled =
                report.code().orElse(-1) == BY_SIGKILL && report.reason().isEmpty();
        if (wasKilled) {
            return new ExitReason.Killed();
        }
        if (stopped) {
            return new ExitReason.Shutdown();
        }
        return report.is(ExitCode.NORMAL) ? new ExitReason.Normal() : new ExitReason.Crash(report.describe());
    }
}
