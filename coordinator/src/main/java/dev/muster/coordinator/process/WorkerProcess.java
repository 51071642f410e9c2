package dev.muster.coordinator.process;

import dev.muster.fleet.Incarnation;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The running process of an incarnation on this host. Thread-safe. */
public interface WorkerProcess {
    Incarnation incarnation();

    long pid();

    /** When the operating system started it; with the pid it names the process. */
    Optional<Instant> startedAt();

    /** False once it has ended, also while nobody has collected its exit code yet. */
    boolean isAlive();

    /**
     * Completed at once when the process ends, where the operating system tells its parent; a process that an earlier
     * coordinator has started completes it at {@link #report}.
     */
    CompletableFuture<ExitReport> onExit();

    /** How it ended, as far as that can be known. */
    ExitReport report();

    /** Asks it to drain and end (SIGTERM). */
    void terminate();

    /** Ends it now (SIGKILL), if this is still the same process. */
    void kill();
}
