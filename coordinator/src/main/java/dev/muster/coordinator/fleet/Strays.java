package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Workers that a coordinator has started and that no supervisor keeps: more than the settings want, or of a pool that
 * was given up. They are asked to drain; those of another pool are only watched, so that their death is recovered from.
 * None is started again. Confined to the fleet's thread.
 */
final class Strays {
    private static final Logger LOG = LoggerFactory.getLogger(Strays.class);

    private final FleetRules rules;
    private final WorkerLife.Collaborators with;
    private final Authority authority;
    private final Map<Incarnation, WorkerLife> lives = new HashMap<>();

    Strays(FleetRules rules, WorkerLife.Collaborators with, Authority authority) {
        this.rules = rules;
        this.with = with;
        this.authority = authority;
        authority.stop(); // it starts none
    }

    /** One that Postgres knows. */
    void meet(LiveIncarnation row) {
        lives.values().removeIf(life -> life.onExit().isDone());
        Incarnation incarnation = row.incarnation();
        if (lives.containsKey(incarnation)) {
            return;
        }
        switch (with.launcher().find(row)) {
            case Launcher.Lookup.Here(WorkerProcess process) -> {
                boolean drains = row.pool().equals(rules.pool());
                LOG.info(
                        "Worker {} runs, pid {}, and no supervisor keeps it; {}",
                        incarnation,
                        process.pid(),
                        drains ? "it is to drain and end" : "it is of pool " + row.pool() + " and runs on");
                WorkerLife life = WorkerLife.of(process, row.pool(), with, authority);
                lives.put(incarnation, life);
                if (drains) {
                    drain(life);
                }
            }
            case Launcher.Lookup.Gone(ExitReport report) ->
                with.deaths().recover(new Death.Exit(incarnation, row.pool(), report, false, false), false);
            case Launcher.Lookup.Unknown() -> {
                // Only its heartbeats tell.
            }
        }
    }

    private void drain(WorkerLife life) {
        life.shutdown();
        Duration within = rules.shutdown();
        CompletableFuture.delayedExecutor(within.toNanos(), TimeUnit.NANOSECONDS)
                .execute(life::kill);
    }

    /** Asks all of them to end. */
    void end() {
        lives.values().forEach(this::drain);
    }

    void kill() {
        lives.values().forEach(WorkerLife::kill);
    }

    CompletableFuture<?> ended() {
        return CompletableFuture.allOf(
                lives.values().stream().map(WorkerLife::onExit).toArray(CompletableFuture<?>[]::new));
    }

    /** Touches them no more. */
    void drop() {
        authority.end();
        lives.values().forEach(WorkerLife::drop);
    }

    Optional<WorkerProcess> process(Incarnation incarnation) {
        return Optional.ofNullable(lives.get(incarnation)).flatMap(WorkerLife::process);
    }

    List<WorkerProcess> processes() {
        return lives.values().stream().flatMap(life -> life.process().stream()).toList();
    }
}
