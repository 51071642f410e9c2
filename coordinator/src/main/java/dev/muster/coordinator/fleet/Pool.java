package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.Incarnation;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.Request;
import dev.muster.supervision.Restart;
import dev.muster.supervision.Shutdown;
import dev.muster.supervision.runtime.ChildDefinition;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.Supervisor;
import dev.muster.supervision.runtime.SupervisorStartException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A pool's supervisor under one leader's epoch, with the lives of its workers. It ends when the restart intensity is
 * exceeded or when it is told to; it is dropped when another leader may have its workers. Thread-safe.
 */
final class Pool {
    private final FleetRules rules;
    private final WorkerLife.Collaborators with;
    private final Authority authority;
    private final Restarts restarts;
    private final Consumer<SupervisionEvent> listener;
    private final Consumer<FleetMessage> told;
    /** By worker, the latest of each. */
    private final Map<String, WorkerLife> lives = new ConcurrentHashMap<>();

    private final Supervisor supervisor;

    private Pool(
            FleetRules rules,
            WorkerLife.Collaborators with,
            Authority authority,
            Restarts restarts,
            Consumer<SupervisionEvent> listener,
            Consumer<FleetMessage> told,
            Ticker ticker)
            throws InterruptedException, SupervisorStartException {
        this.rules = rules;
        this.with = with;
        this.authority = authority;
        this.restarts = restarts;
        this.listener = listener;
        this.told = told;
        // Without children, so that an interrupt stops no worker; they are added by those who know the supervisor.
        this.supervisor = Supervisor.start("fleet/" + rules.pool(), rules.flags(), List.of(), ticker, this::hear);
    }

    /**
     * Starts the supervisor and has it start the launcher's workers, in their order; does not wait for these.
     *
     * @param told of what the supervisor decides about the pool as a whole
     */
    static Pool start(
            FleetRules rules,
            WorkerLife.Collaborators with,
            Authority authority,
            Restarts restarts,
            Consumer<SupervisionEvent> listener,
            Consumer<FleetMessage> told,
            Ticker ticker)
            throws InterruptedException {
        try {
            Pool pool = new Pool(rules, with, authority, restarts, listener, told, ticker);
            with.launcher().workers().forEach(pool::add);
            // Beside its event: a supervisor that breaks has no word left to say.
            var _ = pool.supervisor.onExit().thenRun(() -> told.accept(new FleetMessage.Ended(pool)));
            return pool;
        } catch (SupervisorStartException e) {
            throw new IllegalStateException("INVARIANT: there is no child that could fail it", e);
        }
    }

    private void add(String worker) {
        ChildSpec spec = ChildSpec.worker(worker).withShutdown(new Shutdown.Timeout(rules.shutdown()));
        var _ = supervisor.startChild(new ChildDefinition(spec, () -> Optional.of(begin(worker))));
    }

    /** Returns at once: an OTP supervisor does one thing at a time, and one worker's fence or fork is not to hold up others. */
    private Life begin(String worker) {
        Duration pause = with.deaths().unanswered(worker).map(restarts::after).orElse(Duration.ZERO);
        return keep(worker, WorkerLife.begin(worker, rules.pool(), pause, with, authority, true, this::leaveDown));
    }

    private Life keep(String worker, WorkerLife life) {
        lives.put(worker, life);
        if (authority.isOver()) {
            life.drop(); // RACE: it was dropped meanwhile, and this one was not yet there to be told
        }
        return life;
    }

    /**
     * Starts the worker that suspects are lent to, or goes on with the one that runs; does nothing if it is kept already.
     * Temporary: its deaths, which are what it is for, cost the pool no restart.
     */
    void startQuarantine(String worker) {
        ChildSpec spec = ChildSpec.worker(worker)
                .withRestart(Restart.TEMPORARY)
                .withShutdown(new Shutdown.Timeout(rules.shutdown()));
        var _ = supervisor.startChild(new ChildDefinition(
                spec,
                () -> Optional.of(keep(
                        worker,
                        WorkerLife.begin(worker, rules.pool(), Duration.ZERO, with, authority, false, _ -> {})))));
    }

    /** Has a worker drain and end, and kills it if it does not; the supervisor goes on with its work meanwhile. */
    void stop(String worker) {
        Optional.ofNullable(lives.get(worker)).ifPresent(life -> {
            life.shutdown();
            CompletableFuture.delayedExecutor(rules.shutdown().toNanos(), TimeUnit.NANOSECONDS)
                    .execute(life::kill);
        });
    }

    private void hear(SupervisionEvent event) {
        if (authority.isOver()) {
            return;
        }
        listener.accept(event);
        switch (event) {
            case SupervisionEvent.Escalated(String _, String child) -> {
                restarts.escalated();
                told.accept(
                        new FleetMessage.Escalated(this, child, with.deaths().latest(child)));
                drain();
            }
            case SupervisionEvent.Started _,
                    SupervisionEvent.StartFailed _,
                    SupervisionEvent.Exited _,
                    SupervisionEvent.Ended _ -> {}
        }
    }

    /**
     * Ends the supervisor and its workers. Does not wait. OTP stops one child after the other; here all are asked at the
     * same time, since workers owe each other nothing at their end and a drain may take long. The supervisor then finds
     * each ended, or waits for it in its turn.
     */
    void end() {
        supervisor.shutdown();
        drain();
    }

    private void drain() {
        authority.stop();
        with.deaths().noneSucceeds();
        List<WorkerLife> all = List.copyOf(lives.values());
        all.forEach(WorkerLife::shutdown);
        CompletableFuture.delayedExecutor(rules.shutdown().toNanos(), TimeUnit.NANOSECONDS)
                .execute(() -> all.forEach(WorkerLife::kill));
    }

    /** Kills all workers at once. */
    void kill() {
        lives.values().forEach(WorkerLife::kill);
    }

    /** Completes when the supervisor has ended, and its workers before it. */
    CompletableFuture<ExitReason> ended() {
        return supervisor.onExit();
    }

    /** Ends the supervisor and touches no process: another leader has them, or nobody. */
    void drop() {
        authority.end();
        lives.values().forEach(WorkerLife::drop);
        supervisor.kill();
    }

    /** It says that its configuration is wrong. Its exit is told after this, so the supervisor does not restart it. */
    private void leaveDown(Incarnation incarnation) {
        var _ = supervisor.call(new Request.TerminateChild(incarnation.worker()));
        told.accept(new FleetMessage.Misconfigured(authority.epoch(), incarnation));
    }

    /** Starts one that was left down. */
    void restart(String worker) {
        var _ = supervisor.call(new Request.RestartChild(worker));
    }

    /** The process of this life, if it is one of this pool's. */
    Optional<WorkerProcess> process(Incarnation incarnation) {
        return life(incarnation).flatMap(WorkerLife::process);
    }

    /** All processes that there are. */
    List<WorkerProcess> processes() {
        return lives.values().stream().flatMap(life -> life.process().stream()).toList();
    }

    /** This life has fallen silent, so it is over. */
    void lost(Death.Silence death) {
        life(death.incarnation()).ifPresent(life -> life.lost(death.lasted()));
    }

    boolean mayStart() {
        return authority.mayStart();
    }

    private Optional<WorkerLife> life(Incarnation incarnation) {
        return Optional.ofNullable(lives.get(incarnation.worker()))
                .filter(life -> life.process()
                        .filter(process -> process.incarnation().equals(incarnation))
                        .isPresent());
    }
}
