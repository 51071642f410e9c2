package dev.muster.worker;

import dev.muster.fleet.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a worker's life ends: once, with a reason that is written where its supervisor reads it. Thread-safe.
 *
 * <p>A worker that breaks down or is fenced does not tidy up: whatever it would still say to Postgres or Kafka, others
 * have to be able to do without. So it halts.
 */
final class Ending {
    private static final Logger LOG = LoggerFactory.getLogger(Ending.class);

    private final Optional<Path> reasonFile;
    private final Halt halt;
    private final AtomicReference<@Nullable ExitCode> decided = new AtomicReference<>();
    private final CompletableFuture<ExitCode> ended = new CompletableFuture<>();

    /** Stops the process at once; tests that run a worker inside their own JVM do something milder. */
    @FunctionalInterface
    interface Halt {
        void halt(ExitCode code);
    }

    Ending(Optional<Path> reasonFile, Halt halt) {
        this.reasonFile = reasonFile;
        this.halt = halt;
    }

    /** Completes when the worker has ended in good order; where {@link Halt} returns, also when it has ended in another. */
    CompletableFuture<ExitCode> ended() {
        return ended;
    }

    /** Ends in good order. */
    void normally(String reason) {
        if (decided.compareAndSet(null, ExitCode.NORMAL)) {
            write(ExitCode.NORMAL, reason);
            LOG.atInfo().log("Ended: {}", reason);
            ended.complete(ExitCode.NORMAL);
        }
    }

    /** Ends the process now: others have its jobs. */
    void fenced(String reason) {
        now(ExitCode.FENCED, reason);
    }

    /** Ends the process now: something that it can't go on without has failed. */
    void failed(String component, Throwable cause) {
        LOG.atError().setCause(cause).log("{} broke down; the worker ends and its supervisor decides", component);
        now(ExitCode.FAILED, component + ": " + cause);
    }

    /** Ends the process now: its parts broke more often than a supervisor restarts them. */
    void gaveUp(String reason) {
        LOG.atError().log("{}; the worker ends and its supervisor decides", reason);
        now(ExitCode.FAILED, reason);
    }

    private void now(ExitCode code, String reason) {
        if (decided.compareAndSet(null, code)) {
            try {
                LOG.atWarn().log("Ends at once: {}", reason);
                write(code, reason);
            } finally {
                halt.halt(code);
            }
            ended.complete(code); // not before: whoever waits for it would have the JVM begin an orderly shutdown
        } else if (decided.get() != ExitCode.NORMAL) {
            // RACE: another thread is halting the process. This one has seen that it must not go on, and so it does
            // not: the poll thread, for one, would have its client join the group again in that moment.
            while (true) {
                LockSupport.park();
            }
        }
    }

    private void write(ExitCode code, String reason) {
        reasonFile.ifPresent(file -> {
            try {
                Files.createDirectories(file.toAbsolutePath().getParent());
                Files.writeString(file, code + "\n" + reason + "\n");
            } catch (IOException e) {
                LOG.atWarn().log("Can't write the exit reason to {}: {}", file, e.toString());
            }
        });
    }
}
