package dev.muster.local.stack;

import dev.muster.store.AuditReader;
import dev.muster.store.Database;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The workers of a local stack as Postgres knows them, and the means to end them. Thread-safe. */
public final class Fleet {
    /** Linux counts a start from its boot, whose time of day moves a little when the clock is corrected. */
    private static final Duration START_TOLERANCE = Duration.ofSeconds(2);

    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

    private final AuditReader reader;

    Fleet(Database database) {
        this.reader = new AuditReader(database);
    }

    /**
     * A worker's life.
     *
     * @param process that lives it, if it still runs
     * @param inService whether it owns partitions: it has jobs or may get some
     */
    public record Worker(String incarnation, Optional<ProcessHandle> process, boolean inService) {
        public boolean isAlive() {
            return process.map(ProcessHandle::isAlive).orElse(false);
        }

        /** {@code kill -9}. True: it was there to be killed. */
        public boolean kill() {
            return process.map(ProcessHandle::destroyForcibly).orElse(false);
        }
    }

    /**
     * All that have started and are not fenced; a moment after its death one is still among them.
     *
     * @throws StoreException if Postgres can't say
     */
    public List<Worker> live() {
        return reader.workers().stream()
                .map(worker -> new Worker(
                        worker.incarnation(), process(worker.pid(), worker.processStarted()), worker.inService()))
                .toList();
    }

    /** How often a worker was started again. */
    public int restarts() {
        return reader.restarts();
    }

    /** Asks all of them to drain and end, kills those that have not after {@code grace}, and returns when they are gone. */
    void end(Duration grace) {
        List<ProcessHandle> processes =
                live().stream().flatMap(worker -> worker.process().stream()).toList();
        processes.forEach(ProcessHandle::destroy);
        if (!await(processes, grace)) {
            kill(processes);
        }
    }

    /** Kills all of them at once: what a stack that crashed has left behind. */
    int killAll() {
        List<ProcessHandle> processes =
                live().stream().flatMap(worker -> worker.process().stream()).toList();
        kill(processes);
        return processes.size();
    }

    private static void kill(List<ProcessHandle> processes) {
        processes.forEach(ProcessHandle::destroyForcibly);
        if (!await(processes, KILL_LIMIT)) {
            throw new StackException("workers were killed and still live: "
                    + processes.stream()
                            .filter(ProcessHandle::isAlive)
                            .map(ProcessHandle::pid)
                            .toList());
        }
    }

    private static boolean await(List<ProcessHandle> processes, Duration limit) {
        CompletableFuture<?>[] ends =
                processes.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new StackException("can't watch the workers end: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The process of that number, unless the number has since gone to another one. */
    private static Optional<ProcessHandle> process(long pid, Instant started) {
        return ProcessHandle.of(pid)
                .filter(handle -> handle.info()
                        .startInstant()
                        .map(at -> Duration.between(at, started).abs().compareTo(START_TOLERANCE) <= 0)
                        .orElse(false));
    }
}
