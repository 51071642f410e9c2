package dev.muster.coordinator.recovery;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.Optional;

/** That a worker has died, and how that is known. */
public sealed interface Death {
    Incarnation incarnation();

    /** The pool whose group it was in. */
    String pool();

    /**
     * Its process has ended: a fact.
     *
     * @param wanted its supervisor has stopped it
     */
    record Exit(Incarnation incarnation, String pool, ExitReport report, boolean wanted) implements Death {}

    /**
     * It has said nothing for too long, and nothing answers on its health port.
     *
     * @param process where it can be reached, so that it can be killed
     */
    record Silence(Incarnation incarnation, String pool, Duration lasted, Optional<WorkerProcess> process)
            implements Death {}

    /** What the fence says. */
    default String fencedReason() {
        return switch (this) {
            case Exit exit -> exit.isLeave() ? "left" : exit.wanted() ? "stopped" : "exited";
            case Silence _ -> "silent";
        };
    }

    /** True when the worker has drained and ended by itself: nothing went wrong. */
    default boolean isLeave() {
        return this instanceof Exit exit && exit.report().is(ExitCode.NORMAL);
    }

    /** True when it was stopped, or ended by itself in good order: there is nothing to look into. */
    default boolean isOrderly() {
        return isLeave() || (this instanceof Exit exit && exit.wanted());
    }

    /** For the metric of restarts. */
    default String restartReason() {
        return switch (this) {
            case Exit _ -> isOrderly() ? "requested" : "crash";
            case Silence _ -> "heartbeat_lost";
        };
    }
}
