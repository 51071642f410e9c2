package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What the fleet's loop is told. */
sealed interface FleetMessage {

    /** A process has ended. */
    record Exited(Incarnation incarnation, ExitReport report) implements FleetMessage {}

    /** Liveness has judged a worker lost. */
    record Silent(Incarnation incarnation, Duration lasted) implements FleetMessage {}

    /** The fence of a dead worker stands: its name is free again. */
    record Fenced(Death death, CompletableFuture<Optional<Incarnation>> restarted) implements FleetMessage {}

    /** The recovery from a death has failed, for a reason that nobody foresaw. */
    record Unrecovered(Death death) implements FleetMessage {}

    /** A process was started. */
    record Launched(String worker, WorkerProcess process) implements FleetMessage {}

    /** None was started, and why; it is tried again. */
    record NotLaunched(String worker, String why) implements FleetMessage {}

    /** The lives that Postgres knows, and whether it says that the pool is given up; read under this epoch. */
    record Surveyed(long epoch, List<LiveIncarnation> live, boolean givenUp) implements FleetMessage {}
}
