package dev.muster.coordinator.fleet;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.liveness.LivenessEffect;
import dev.muster.coordinator.liveness.LivenessEvent;
import dev.muster.coordinator.loop.Loop;
import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.coordinator.recovery.Recovery;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.IncidentStore;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the workers running, while this coordinator leads: finds those that run already, starts those that are missing,
 * hands every death to {@link Recovery} and starts anew by {@link Restarts}. What waits runs elsewhere and
 * comes back as a message; the state is confined to the loop's thread. Thread-safe.
 */
public final class FleetLoop {
    private static final Logger LOG = LoggerFactory.getLogger(FleetLoop.class);
    private static final Duration WAIT = Duration.ofMillis(20);
    private static final Duration SURVEY = Duration.ofSeconds(1);
    private static final Duration LAUNCH_AGAIN = Duration.ofMillis(500);
    /** Surveys that a process may miss before it is killed: a worker that leaves needs a moment to end. */
    private static final int MISSED_BY_LEAVING = 3;

    /** Deaths that are remembered, so that each is handled once. */
    private static final int REMEMBERED = 1_000;

    private final Collaborators with;
    private final Starter starter;
    private final Restarts restarts;
    private final Consumer<LivenessEvent> liveness;
    private final Ticker ticker;
    private final ExecutorService tasks;
    private final LinkedBlockingQueue<FleetMessage> mailbox = new LinkedBlockingQueue<>();
    private Optional<Loop> loop = Optional.empty();

    // Confined to the loop's thread.
    private OptionalLong epoch = OptionalLong.empty();
    private final Map<String, Child> children = new HashMap<>();
    private final Set<Incarnation> dying = new LinkedHashSet<>();
    private Map<Incarnation, LiveIncarnation> known = Map.of();
    private boolean surveyed;
    private long nextSurveyNanos;

    /**
     * @param liveness is told who is expected and whose life is over
     * @param tasks starts a thread per task that may wait, such as a virtual one
     */
    public FleetLoop(
            Collaborators with,
            RestartRules spec,
            Consumer<LivenessEvent> liveness,
            Ticker ticker,
            MeterRegistry meters,
            ExecutorService tasks) {
        this.with = with;
        this.starter = new Starter(with.launcher(), with.fleet(), with.pool(), mailbox::add);
        this.restarts = new Restarts(spec, with.pool(), with.incidents(), meters, tasks);
        this.liveness = liveness;
        this.ticker = ticker;
        this.tasks = tasks;
    }

    /** Whom it works with. */
    public record Collaborators(
            Launcher launcher,
            String pool,
            Leadership leadership,
            FleetStore fleet,
            IncidentStore incidents,
            Recovery recovery) {}

    public synchronized void start() {
        loop = Optional.of(Loop.start("fleet", Duration.ZERO, this::runOnce));
    }

    /** Liveness has something to say; verdicts about the lost begin their recovery. */
    public void hear(LivenessEffect effect) {
        if (effect instanceof LivenessEffect.Lost(Incarnation incarnation, Duration silence)) {
            mailbox.add(new FleetMessage.Silent(incarnation, silence));
        }
    }

    /** Ends the loop and leaves the workers running, for the next coordinator to find. */
    public synchronized void detach() {
        loop.ifPresent(Loop::close);
        starter.close();
    }

    /** Ends the loop, asks the workers to drain and end, and kills who has not by then. */
    public synchronized void stop(Duration patience) {
        detach();
        List<WorkerProcess> left = new ArrayList<>();
        mailbox.forEach(message -> {
            if (message instanceof FleetMessage.Launched(String _, WorkerProcess process)) {
                left.add(process);
            }
        });
        children.values().forEach(child -> {
            if (child instanceof Child.Running running) {
                left.add(running.process());
            }
        });
        // Their silence is meant.
        left.forEach(worker -> liveness.accept(new LivenessEvent.Ended(worker.incarnation())));
        new Shutdown(with.fleet(), with.leadership(), ticker).stop(left, patience);
    }

    private void runOnce() throws InterruptedException {
        FleetMessage message = mailbox.poll(WAIT.toNanos(), TimeUnit.NANOSECONDS);
        followLeadership();
        if (epoch.isPresent()) {
            if (message != null) {
                handle(message);
            }
            watchAdopted();
            startDue();
            survey();
        } else if (message instanceof FleetMessage.Fenced fenced) {
            fenced.restarted().complete(Optional.empty());
        }
    }

    // ---- leadership ----

    private void followLeadership() {
        OptionalLong now = with.leadership().epoch();
        if (now.equals(epoch)) {
            return;
        }
        epoch = now;
        children.clear();
        dying.clear();
        known = Map.of();
        surveyed = false;
        restarts.forget();
        nextSurveyNanos = ticker.nanos();
        if (now.isPresent()) {
            liveness.accept(new LivenessEvent.FreshStart());
            tasks.execute(this::rehearse);
        }
    }

    private void rehearse() {
        try {
            with.recovery().rehearse(with.pool());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void survey() {
        long now = ticker.nanos();
        if (now - nextSurveyNanos < 0) {
            return;
        }
        nextSurveyNanos = now + SURVEY.toNanos();
        long under = epoch.orElseThrow();
        tasks.execute(() -> {
            try {
                mailbox.add(new FleetMessage.Surveyed(under, with.fleet().live()));
            } catch (RuntimeException e) {
                LOG.debug("The fleet could not be read: {}; tried again in a second", e.getMessage());
            }
        });
    }

    // ---- messages ----

    private void handle(FleetMessage message) {
        switch (message) {
            case FleetMessage.Exited(Incarnation incarnation, ExitReport report) -> exited(incarnation, report);
            case FleetMessage.Silent(Incarnation incarnation, Duration lasted) -> silent(incarnation, lasted);
            case FleetMessage.Fenced(Death death, CompletableFuture<Optional<Incarnation>> restarted) ->
                fenced(death, restarted);
            case FleetMessage.Launched(String worker, WorkerProcess process) -> launched(worker, process);
            case FleetMessage.NotLaunched(String worker, String why) -> notLaunched(worker, why);
            case FleetMessage.Surveyed(long under, List<LiveIncarnation> live) -> {
                if (epoch.orElseThrow() == under) {
                    surveyed(live);
                }
            }
        }
    }

    private void exited(Incarnation incarnation, ExitReport report) {
        recover(new Death.Exit(incarnation, poolOf(incarnation), report));
    }

    private void silent(Incarnation incarnation, Duration lasted) {
        Optional<WorkerProcess> process = children.get(incarnation.worker()) instanceof Child.Running running
                        && running.process().incarnation().equals(incarnation)
                ? Optional.of(running.process())
                : Optional.empty();
        recover(new Death.Silence(incarnation, poolOf(incarnation), lasted, process));
    }

    private void recover(Death death) {
        Incarnation incarnation = death.incarnation();
        if (!dying.add(incarnation)) {
            return; // such as the exit of a worker that was killed for its silence, however late that is told
        }
        if (dying.size() > REMEMBERED) {
            dying.remove(dying.iterator().next());
        }
        liveness.accept(new LivenessEvent.Ended(incarnation));
        if (isCurrent(incarnation)) {
            children.put(incarnation.worker(), new Child.Recovering(incarnation));
        }
        long under = epoch.orElseThrow();
        tasks.execute(() -> {
            try {
                with.recovery().recover(death, under, this::askForRestart);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.error("The recovery of {} failed; the next survey looks at it again", incarnation, e);
            }
        });
    }

    private CompletableFuture<Optional<Incarnation>> askForRestart(Death death) {
        CompletableFuture<Optional<Incarnation>> restarted = new CompletableFuture<>();
        mailbox.add(new FleetMessage.Fenced(death, restarted));
        return restarted;
    }

    private void fenced(Death death, CompletableFuture<Optional<Incarnation>> restarted) {
        String worker = death.incarnation().worker();
        boolean isMine = children.get(worker) instanceof Child.Recovering(Incarnation incarnation)
                && incarnation.equals(death.incarnation());
        if (!isMine) {
            restarted.complete(Optional.empty());
            return;
        }
        switch (restarts.after(death, ticker.nanos(), epoch.orElseThrow())) {
            case Restarts.Verdict.In(Duration delay) ->
                children.put(worker, new Child.Waiting(ticker.nanos() + delay.toNanos(), Optional.of(restarted)));
            case Restarts.Verdict.Never() -> {
                children.put(worker, new Child.Down());
                restarted.complete(Optional.empty());
            }
        }
    }

    // ---- starting ----

    private void startDue() {
        long now = ticker.nanos();
        Map.copyOf(children).forEach((worker, child) -> {
            if (child instanceof Child.Waiting(long due, Optional<CompletableFuture<Optional<Incarnation>>> restarted)
                    && now - due >= 0) {
                children.put(worker, new Child.Launching(restarted));
                long under = epoch.orElseThrow();
                tasks.execute(() -> starter.launch(worker, under));
            }
        });
    }

    private void launched(String worker, WorkerProcess process) {
        Incarnation incarnation = process.incarnation();
        if (children.get(worker)
                instanceof Child.Launching(Optional<CompletableFuture<Optional<Incarnation>>> restarted)) {
            restarted.ifPresent(future -> future.complete(Optional.of(incarnation)));
        }
        LOG.atInfo()
                .addKeyValue("incarnation", incarnation)
                .log("Worker {} started, pid {}", incarnation, process.pid());
        run(process);
    }

    private void notLaunched(String worker, String why) {
        LOG.warn("Worker {} could not be started: {}; tried again in {} ms", worker, why, LAUNCH_AGAIN.toMillis());
        if (children.get(worker)
                instanceof Child.Launching(Optional<CompletableFuture<Optional<Incarnation>>> restarted)) {
            children.put(worker, new Child.Waiting(ticker.nanos() + LAUNCH_AGAIN.toNanos(), restarted));
        }
    }

    private void run(WorkerProcess process) {
        Incarnation incarnation = process.incarnation();
        children.put(incarnation.worker(), new Child.Running(process, 0));
        liveness.accept(new LivenessEvent.Expected(incarnation));
        var _ = process.onExit().thenAccept(report -> mailbox.add(new FleetMessage.Exited(incarnation, report)));
    }

    // ---- looking around ----

    private void surveyed(List<LiveIncarnation> live) {
        Map<Incarnation, LiveIncarnation> now = new HashMap<>();
        live.forEach(row -> now.put(row.incarnation(), row));
        // RACE: a life minted after the survey has read is not in it, so only what was there before can have ended.
        known.keySet().stream()
                .filter(i -> !now.containsKey(i))
                .forEach(i -> liveness.accept(new LivenessEvent.Ended(i)));
        known = now;
        live.stream().filter(row -> !dying.contains(row.incarnation())).forEach(this::meet);
        killForeignFenced(now);
        Set<String> taken = new HashSet<>();
        live.forEach(row -> taken.add(row.incarnation().worker()));
        with.launcher().workers().stream()
                .filter(worker -> !children.containsKey(worker) && !taken.contains(worker))
                .forEach(worker -> children.put(worker, new Child.Waiting(ticker.nanos(), Optional.empty())));
        if (!surveyed) {
            surveyed = true;
            LOG.info(
                    "Found {} workers, keeps {}",
                    live.size(),
                    with.launcher().workers().size());
        }
    }

    /** A life that Postgres knows: its process is found again, or found to have ended, or only its heartbeats tell. */
    private void meet(LiveIncarnation row) {
        Incarnation incarnation = row.incarnation();
        liveness.accept(new LivenessEvent.Expected(incarnation));
        if (row.launcher() != FleetStore.LauncherKind.PROCESS || children.containsKey(incarnation.worker())) {
            return;
        }
        switch (with.launcher().find(row)) {
            case Launcher.Lookup.Here(WorkerProcess process) -> {
                LOG.info("Worker {} runs already, pid {}; goes on with it", incarnation, process.pid());
                run(process);
            }
            case Launcher.Lookup.Gone(ExitReport report) -> {
                children.put(incarnation.worker(), new Child.Recovering(incarnation));
                exited(incarnation, report);
            }
            case Launcher.Lookup.Unknown() -> {}
        }
    }

    /** Who was fenced by others ends by itself; one that can't, being stopped, is ended here. */
    private void killForeignFenced(Map<Incarnation, LiveIncarnation> live) {
        Map.copyOf(children).forEach((worker, child) -> {
            if (!(child instanceof Child.Running(WorkerProcess process, int missed))) {
                return;
            }
            boolean isLive = live.containsKey(process.incarnation());
            if (!isLive && missed >= MISSED_BY_LEAVING) {
                LOG.warn("Worker {} is fenced and has not ended; kills it", process.incarnation());
                process.kill();
            }
            children.put(worker, new Child.Running(process, isLive ? 0 : missed + 1));
        });
    }

    /** Nobody tells the exit of a process that an earlier coordinator has started. */
    private void watchAdopted() {
        List.copyOf(children.values()).forEach(child -> {
            if (child instanceof Child.Running(WorkerProcess process, int _)
                    && !process.onExit().isDone()
                    && !process.isAlive()) {
                exited(process.incarnation(), process.report());
            }
        });
    }

    private boolean isCurrent(Incarnation incarnation) {
        return switch (children.get(incarnation.worker())) {
            case null -> false;
            case Child.Running(WorkerProcess process, int _) ->
                process.incarnation().equals(incarnation);
            case Child.Recovering(Incarnation recovering) -> recovering.equals(incarnation);
            case Child.Waiting _, Child.Launching _, Child.Down _ -> false;
        };
    }

    private String poolOf(Incarnation incarnation) {
        LiveIncarnation row = known.get(incarnation);
        return row == null ? with.pool() : row.pool();
    }
}
