package dev.muster.coordinator.process;

import dev.muster.fleet.Incarnation;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** A worker's process on this host, started by this coordinator or by one before it. Thread-safe. */
public final class LocalProcess implements WorkerProcess {
    private final Incarnation incarnation;
    private final ProcessHandle handle;
    private final CompletableFuture<ExitReport> exit;

    /** With one future for all who ask: each that the JDK makes stays with the process for as long as it lives. */
    private LocalProcess(Incarnation incarnation, ProcessHandle handle, CompletableFuture<ExitReport> exit) {
        this.incarnation = incarnation;
        this.handle = handle;
        this.exit = exit;
    }

    /**
     * A child of this process.
     *
     * @param folder where its log and its exit file are
     */
    public static LocalProcess child(Incarnation incarnation, Process process, Path folder) {
        return new LocalProcess(
                incarnation,
                process.toHandle(),
                process.onExit().thenApply(ended -> ended(incarnation, OptionalInt.of(ended.exitValue()), folder)));
    }

    /** A process that an earlier coordinator has started: its exit code is nobody's any more. */
    public static LocalProcess adopted(Incarnation incarnation, ProcessHandle handle, Path folder) {
        return new LocalProcess(
                incarnation,
                handle,
                ExitWatch.of(handle).thenApply(_ -> ended(incarnation, OptionalInt.empty(), folder)));
    }

    /** What its files tell of a process that has ended. */
    public static ExitReport ended(Incarnation incarnation, OptionalInt code, Path folder) {
        Optional<ExitFile> said = ExitFile.take(folder, incarnation);
        return new ExitReport(
                code.isPresent() ? code : said.map(ExitFile::code).orElse(OptionalInt.empty()),
                said.map(ExitFile::reason),
                WorkerLog.of(folder, incarnation.worker()).tail());
    }

    @Override
    public Incarnation incarnation() {
        return incarnation;
    }

    @Override
    public long pid() {
        return handle.pid();
    }

    @Override
    public Optional<Instant> startedAt() {
        return handle.info().startInstant();
    }

    @Override
    public CompletableFuture<ExitReport> onExit() {
        return exit;
    }

    @Override
    public void terminate() {
        if (LocalHost.isAlive(handle)) {
            handle.destroy();
        }
    }

    @Override
    public void kill() {
        if (LocalHost.isAlive(handle)) {
            handle.destroyForcibly();
        }
    }
}
