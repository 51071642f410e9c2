package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.DataFolder;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.ProcessAccount;
import dev.muster.embedded.Readiness;
import dev.muster.embedded.ServerProcess;
import dev.muster.local.MusterProcess;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * The coordinator as a child JVM, so that a drill can kill it as it kills the others. Its workers are its children, not
 * this one's. Thread-safety: thread-safe.
 */
final class CoordinatorServer implements EmbeddedServer {
    private static final String NAME = "coordinator";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Settings settings;
    private final Path folder;
    private final Duration stopGrace;
    private final ServerProcess process;
    private volatile int port;

    /**
     * Does not start it.
     *
     * @param settings where everything else is; a port of 0: the one it had the last time, or a free one
     */
    CoordinatorServer(Settings settings, Path folder) {
        this.settings = settings;
        this.folder = folder;
        this.port = settings.integer(Setting.COORDINATOR_PORT, 0, 65_535);
        // It ends its workers first, and they finish what runs.
        this.stopGrace = settings.duration(Setting.WORKER_DRAIN_TIMEOUT).plusSeconds(10);
        this.process = new ServerProcess(NAME, folder);
    }

    @Override
    public void start() {
        process.start(this::launch, this::awaitReady);
    }

    @Override
    public void stop() {
        process.stop("TERM", stopGrace);
    }

    /** Kills it alone; its workers run on. */
    @Override
    public void killHard() {
        process.signal("KILL");
        var _ = process.onExit().join();
    }

    @Override
    public void signal(String name) {
        process.signal(name);
    }

    @Override
    public boolean running() {
        return process.running();
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public CompletableFuture<ChildProcess.Exit> onExit() {
        return process.onExit();
    }

    @Override
    public Path logFile() {
        return folder.resolve("coordinator.log");
    }

    /** The base address of its HTTP API; known after the first start. */
    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    private ChildProcess launch(DataFolder data) {
        port = data.port(NAME, port);
        Settings own = settings.with(Setting.COORDINATOR_PORT, Integer.toString(port));
        return ChildProcess.start(new ChildProcess.Spec(
                MusterProcess.coordinator(), own.asEnvironment(), logFile(), new ProcessAccount.Same(), "KILL"));
    }

    private void awaitReady(ChildProcess child) {
        Readiness.await("The coordinator", child, START_LIMIT, port);
    }
}
