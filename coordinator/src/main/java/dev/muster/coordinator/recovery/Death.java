package dev.muster.coordinator.recovery;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.quarantine.Blame;
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
     * @param witnessed its end was seen; else it was found gone
     */
    record Exit(Incarnation incarnation, String pool, ExitReport report, boolean wanted, boolean witnessed)
            implements Death {
        /** One that was seen. */
        public Exit(Incarnation incarnation, String pool, ExitReport report, boolean wanted) {
            this(incarnation, pool, report, wanted, true);
        }
    }

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

    /** Whose fault it may be. Silence is ended by Muster, so it says nothing of the jobs. */
    default Blame blame() {
        return switch (this) {
            case Exit exit -> Blame.ofExit(exit.report(), exit.wanted(), exit.witnessed());
            case Silence _ -> Blame.NOBODY;
        };
    }

    /** For the metric of restarts. */
    default String restartReason() {
        return switch (this) {
            case Exit _ -> isOrderly() ? "requested" : "crash";
            case Silence _ -> "heartbeat_lost";
        };
    }
}
