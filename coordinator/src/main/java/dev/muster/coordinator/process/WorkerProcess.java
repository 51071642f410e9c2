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

    /** Completed as soon as it has ended, also if an earlier coordinator had started it. */
    CompletableFuture<ExitReport> onExit();

    /** Asks it to drain and end (SIGTERM). */
    void terminate();

    /** Ends it now (SIGKILL), if this is still the same process. */
    void kill();
}
