package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore;
import dev.muster.store.StoreException;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Mints a life under the leader's epoch and starts its process, in that order: a process never runs without a row that
 * names it, so a coordinator that has lost its lease can't start a twin. Thread-safe; guarded by its monitor.
 */
final class Starter {
    private final Launcher launcher;
    private final FleetStore fleet;
    private final String pool;
    private final Consumer<FleetMessage> told;
    private boolean closed;

    Starter(Launcher launcher, FleetStore fleet, String pool, Consumer<FleetMessage> told) {
        this.launcher = launcher;
        this.fleet = fleet;
        this.pool = pool;
        this.told = told;
    }

    void launch(String worker, long epoch) {
        try {
            Optional<Incarnation> minted =
                    fleet.mint(worker, pool, FleetStore.LauncherKind.PROCESS, LocalHost.name(), epoch);
            if (minted.isEmpty()) {
                told.accept(new FleetMessage.NotLaunched(
                        worker, "its life before is not fenced yet, or this coordinator leads no more"));
                return;
            }
            Optional<WorkerProcess> started = start(minted.get());
            if (started.isPresent()) {
                WorkerProcess process = started.get();
                fleet.recordProcess(
                        process.incarnation(),
                        LocalHost.name(),
                        process.pid(),
                        process.startedAt().orElse(null));
            }
        } catch (StoreException | IOException e) {
            told.accept(new FleetMessage.NotLaunched(worker, String.valueOf(e.getMessage())));
        }
    }

    /** Nothing is started from now on; what was started was told. */
    synchronized void close() {
        closed = true;
    }

    private synchronized Optional<WorkerProcess> start(Incarnation incarnation) throws IOException {
        if (closed) {
            return Optional.empty();
        }
        try {
            WorkerProcess process = launcher.start(incarnation);
            told.accept(new FleetMessage.Launched(incarnation.worker(), process));
            return Optional.of(process);
        } catch (IOException e) {
            // Its row would keep the name taken until its start window is over.
            told.accept(new FleetMessage.Exited(
                    incarnation,
                    new ExitReport(java.util.OptionalInt.empty(), java.util.List.of(String.valueOf(e.getMessage())))));
            throw e;
        }
    }
}
