package dev.muster.coordinator.fleet;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.process.LocalHost;
import dev.muster.coordinator.process.LocalProcess;
import dev.muster.coordinator.process.WorkerLog;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Activation;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.FleetStore.ProcessFacts;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Starts workers as processes of this host, each in a session of its own, so that what a terminal sends to the
 * coordinator does not reach them, and with its output in a file, so that they outlive the coordinator. A worker that has
 * a file {@code <name>.properties} in the run folder gets the settings in it, over those of all. Where a spare process is
 * ready, it becomes the worker. Thread-safe.
 */
public final class ProcessLauncher implements Launcher {
    private final List<String> command;
    private final Map<String, String> environment;
    private final Path folder;
    private final List<String> workers;
    private final String quarantine;
    private final Spares spares;
    /** By worker: a coordinator that leads again goes on with its own children, whose exit codes it is told. */
    private final Map<String, WorkerProcess> latest = new ConcurrentHashMap<>();

    private ProcessLauncher(
            List<String> command,
            Map<String, String> environment,
            Path folder,
            List<String> workers,
            String quarantine,
            int spares) {
        this.command = command;
        this.environment = environment;
        this.folder = folder;
        this.workers = workers;
        this.quarantine = quarantine;
        this.spares = new Spares(spares, this::startSpare);
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
                IntStream.rangeClosed(1, count).mapToObj(i -> prefix + "-" + i).toList(),
                prefix + "-quarantine",
                Math.min(count, settings.integer(Setting.FLEET_SPARES, 0, 10)));
    }

    @Override
    public List<String> workers() {
        return workers;
    }

    @Override
    public Optional<String> quarantine() {
        return workers.isEmpty() ? Optional.empty() : Optional.of(quarantine);
    }

    @Override
    public WorkerProcess start(Incarnation incarnation) throws IOException {
        WorkerLog log = WorkerLog.of(folder, incarnation.worker());
        log.prepare();
        Map<String, String> identity = identity(incarnation);
        Optional<Process> activated =
                spares.activate(new Activation(identity, log.file().toString()));
        spares.refillSoon(); // RACE: after that, or a refill that is just ending would find none missing
        Process process = activated.isPresent()
                ? activated.get()
                : begin(log, identity, ProcessBuilder.Redirect.from(new File("/dev/null")));
        return remember(LocalProcess.child(incarnation, process, folder));
    }

    @Override
    public void admitSpares() {
        spares.admit();
    }

    @Override
    public void dismissSpares() {
        spares.dismiss();
    }

    private Process startSpare() throws IOException {
        WorkerLog log = WorkerLog.of(folder, "spare");
        log.prepare();
        return begin(log, Map.of(Setting.WORKER_SPARE.environmentName(), "true"), ProcessBuilder.Redirect.PIPE);
    }

    /** Starts a process in a session of its own. */
    private Process begin(WorkerLog log, Map<String, String> further, ProcessBuilder.Redirect input)
            throws IOException {
        List<String> words = new ArrayList<>();
        setsid().ifPresent(words::add);
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.file().toFile()))
                .redirectInput(input);
        builder.environment().putAll(environment);
        builder.environment().put(Setting.WORKER_RUN_FOLDER.environmentName(), folder.toString());
        builder.environment().putAll(further);
        return builder.start();
    }

    /** What makes a process this life. */
    private Map<String, String> identity(Incarnation incarnation) throws IOException {
        Map<String, String> identity = new HashMap<>(own(folder, incarnation.worker()));
        identity.put(Setting.WORKER_INCARNATION.environmentName(), incarnation.id());
        identity.put(Setting.WORKER_NAME.environmentName(), incarnation.worker());
        identity.put(
                Setting.WORKER_QUARANTINE.environmentName(),
                Boolean.toString(incarnation.worker().equals(quarantine)));
        identity.put(Setting.WORKER_RUN_FOLDER.environmentName(), folder.toString());
        return identity;
    }

    @Override
    public Lookup find(LiveIncarnation recorded) {
        Incarnation incarnation = recorded.incarnation();
        WorkerProcess mine = latest.get(incarnation.worker());
        if (mine != null && mine.incarnation().equals(incarnation)) {
            return new Lookup.Here(mine); // also when it has ended: then it has its exit to tell
        }
        ProcessFacts facts = recorded.process();
        Long pid = facts.pid();
        if (pid == null || facts.startedAt() == null || !LocalHost.isHere(facts.host())) {
            return new Lookup.Unknown();
        }
        return LocalHost.find(pid, facts.startedAt())
                .<Lookup>map(handle -> new Lookup.Here(remember(LocalProcess.adopted(incarnation, handle, folder))))
                .orElseGet(() -> new Lookup.Gone(LocalProcess.ended(incarnation, OptionalInt.empty(), folder)));
    }

    /** The settings of one worker alone, as environment variables; read anew at each start. */
    static Map<String, String> own(Path folder, String worker) throws IOException {
        try {
            return Settings.load(folder.resolve(worker + ".properties"), Map.of(), Map.of())
                    .asEnvironment();
        } catch (ConfigException e) {
            throw new IOException("its own settings are wrong: " + e.getMessage(), e);
        }
    }

    private WorkerProcess remember(LocalProcess process) {
        latest.put(process.incarnation().worker(), process);
        return process;
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
}
