package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.embedded.Processes;
import dev.muster.store.AuditReader;
import dev.muster.store.Database;
import dev.muster.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workers of a local stack as Postgres knows them, and the means to end them. Thread-safe. */
public final class Fleet {
    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
    /** Linux counts a start from its boot, whose time of day moves a little when the clock is corrected. */
    private static final Duration START_TOLERANCE = Duration.ofSeconds(2);

    private static final String SPARE_LOG = "spare.log";

    private final AuditReader reader;
    private final Path folder;

    /**
     * @param folder what the coordinator was given as the workers' run folder
     */
    Fleet(Database database, Path folder) {
        this.reader = new AuditReader(database);
        this.folder = folder;
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

    /** Where the workers' logs are, and the reasons for which they ended. */
    public Path folder() {
        return folder;
    }

    /** How often a worker was started again. */
    public int restarts() {
        return reader.restarts();
    }

    /** Asks all of them to drain and end, kills those that have not after {@code grace}, and returns when they are gone. */
    void end(Duration grace) {
        Set<ProcessHandle> processes = processes();
        processes.forEach(ProcessHandle::destroy);
        if (!Processes.awaitEnd(processes, grace)) {
            Processes.kill(processes);
        }
    }

    /** Kills all of them at once, such as what a stack that crashed has left behind. */
    int killAll() {
        Set<ProcessHandle> processes = processes();
        Processes.kill(processes);
        return processes.size();
    }

    /** Those of {@link #processes} that are workers: not the spares, which are nobody yet, and nothing that has just ended. */
    public Set<ProcessHandle> workers() {
        Set<ProcessHandle> workers = processes();
        workers.removeIf(
                process -> log(process).filter(name -> !name.equals(SPARE_LOG)).isEmpty());
        return workers;
    }

    /** The name of the file that a process writes its output to: a spare's is its own until it becomes a worker. */
    private static Optional<String> log(ProcessHandle process) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "fd", "1"))
                    .getFileName()
                    .toString());
        } catch (IOException e) {
            return Optional.empty(); // it has ended, or there is no such file system
        }
    }

    /**
     * Every worker's process, and the spares': those that Postgres knows, if it can say, and those that were started to write their reason
     * to end into this folder, which are found also before they have registered and while Postgres is down.
     */
    public Set<ProcessHandle> processes() {
        Set<ProcessHandle> processes = new HashSet<>(
                Processes.withEnvironment(Setting.WORKER_RUN_FOLDER.environmentName(), folder.toString()));
        try {
            live().forEach(worker -> worker.process().ifPresent(processes::add));
        } catch (StoreException e) {
            LOG.atInfo().log("Postgres can't say which workers live: {}", e.getMessage());
        }
        return processes;
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
