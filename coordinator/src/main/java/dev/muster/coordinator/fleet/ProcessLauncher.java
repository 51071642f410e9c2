package dev.muster.coordinator.fleet;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.FleetStore.ProcessFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Starts workers as processes of this host, each in a session of its own, so that what a terminal sends to the
 * coordinator does not reach them, and with its output in a file, so that they outlive the coordinator. Thread-safe.
 */
public final class ProcessLauncher implements Launcher {
    private final List<String> command;
    private final Map<String, String> environment;
    private final Path folder;
    private final List<String> workers;

    private ProcessLauncher(List<String> command, Map<String, String> environment, Path folder, List<String> workers) {
        this.command = command;
        this.environment = environment;
        this.folder = folder;
        this.workers = workers;
    }

    /**
     * From the settings.
     *
     * @throws ConfigException if workers are wanted and there is no command that starts one
     */
    public static ProcessLauncher of(Settings settings) {
        int count = settings.integer(Setting.FLEET_WORKERS, 0, 1_000);
        String line = settings.string(Setting.FLEET_COMMAND);
        if (count > 0 && line.isEmpty()) {
            throw new ConfigException(Setting.FLEET_COMMAND.key() + " is empty, but " + Setting.FLEET_WORKERS.key()
                    + " wants " + count + " workers; set the command that starts one, or "
                    + Setting.FLEET_LAUNCHER.key() + "=external");
        }
        String pool = settings.string(Setting.WORKER_POOL);
        String prefix = pool.equals("default") ? "worker" : pool;
        Path folder = Path.of(settings.string(Setting.FLEET_RUN_FOLDER)).toAbsolutePath();
        return new ProcessLauncher(
                words(line),
                settings.asEnvironment(),
                folder,
                IntStream.rangeClosed(1, count).mapToObj(i -> prefix + "-" + i).toList());
    }

    @Override
    public List<String> workers() {
        return workers;
    }

    @Override
    public WorkerProcess start(Incarnation incarnation) throws IOException {
        WorkerLog log = WorkerLog.of(folder, incarnation.worker());
        log.prepare();
        List<String> words = new ArrayList<>();
        setsid().ifPresent(words::add);
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.file().toFile()))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().putAll(environment);
        builder.environment().put(Setting.WORKER_INCARNATION.environmentName(), incarnation.id());
        builder.environment().put(Setting.WORKER_NAME.environmentName(), incarnation.worker());
        builder.environment().put(Setting.WORKER_RUN_FOLDER.environmentName(), folder.toString());
        return Child.of(incarnation, builder.start(), log);
    }

    @Override
    public Lookup find(LiveIncarnation recorded) {
        ProcessFacts facts = recorded.process();
        Long pid = facts.pid();
        if (pid == null || facts.startedAt() == null || !LocalHost.isHere(facts.host())) {
            return new Lookup.Unknown();
        }
        WorkerLog log = WorkerLog.of(folder, recorded.incarnation().worker());
        Optional<ProcessHandle> handle = LocalHost.find(pid, facts.startedAt());
        return handle.isPresent()
                ? new Lookup.Here(new Adopted(recorded.incarnation(), handle.get(), log))
                : new Lookup.Gone(new ExitReport(OptionalInt.empty(), log.tail()));
    }

    /** Words separated by tabs, if there is one, so that they may have spaces; else by spaces. */
    static List<String> words(String line) {
        return Stream.of(line.split(line.indexOf('\t') >= 0 ? "\t+" : " +", -1))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static Optional<String> setsid() {
        return Stream.of("/usr/bin/setsid", "/bin/setsid")
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst();
    }

    /** A process that this coordinator has started: its exit is told at once, with its code. */
    private record Child(Incarnation incarnation, Process process, WorkerLog log, CompletableFuture<ExitReport> onExit)
            implements WorkerProcess {
        /** With one future for all who ask: each that the JDK makes stays with the process for as long as it lives. */
        static Child of(Incarnation incarnation, Process process, WorkerLog log) {
            return new Child(
                    incarnation, process, log, process.onExit().thenApply(ended -> report(ended.exitValue(), log)));
        }

        private static ExitReport report(int code, WorkerLog log) {
            return new ExitReport(OptionalInt.of(code), log.tail());
        }

        @Override
        public long pid() {
            return process.pid();
        }

        @Override
        public Optional<Instant> startedAt() {
            return process.info().startInstant();
        }

        @Override
        public boolean isAlive() {
            return process.isAlive();
        }

        @Override
        public ExitReport report() {
            return process.isAlive()
                    ? new ExitReport(OptionalInt.empty(), log.tail())
                    : report(process.exitValue(), log);
        }

        @Override
        public void terminate() {
            process.destroy();
        }

        @Override
        public void kill() {
            process.destroyForcibly();
        }
    }

    /** A process that an earlier coordinator has started: its exit code is nobody's any more, so it is looked at. */
    private record Adopted(Incarnation incarnation, ProcessHandle handle, WorkerLog log) implements WorkerProcess {
        @Override
        public long pid() {
            return handle.pid();
        }

        @Override
        public Optional<Instant> startedAt() {
            return handle.info().startInstant();
        }

        @Override
        public boolean isAlive() {
            return LocalHost.isAlive(handle);
        }

        @Override
        public CompletableFuture<ExitReport> onExit() {
            return new CompletableFuture<>(); // nobody tells; the fleet looks
        }

        @Override
        public ExitReport report() {
            return new ExitReport(OptionalInt.empty(), log.tail());
        }

        @Override
        public void terminate() {
            if (isAlive()) {
                handle.destroy();
            }
        }

        @Override
        public void kill() {
            if (isAlive()) {
                handle.destroyForcibly();
            }
        }
    }
}
