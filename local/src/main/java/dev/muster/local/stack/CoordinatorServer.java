package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.DataFolder;
import dev.muster.embedded.ProcessAccount;
import dev.muster.embedded.Readiness;
import dev.muster.embedded.ServerProcess;
import dev.muster.local.MusterProcess;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The coordinator as a child JVM, so that a drill can kill it as it kills the others. Its workers are its children, not
 * this one's. Thread-safety: thread-safe.
 */
final class CoordinatorServer extends ServerProcess {
    private static final String NAME = "coordinator";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Settings settings;
    private final Path folder;
    private volatile int port;

    /**
     * Does not start it.
     *
     * @param settings where everything else is; a port of 0: the one it had the last time, or a free one
     */
    CoordinatorServer(Settings settings, Path folder) {
        // It ends its workers first, and they finish what runs.
        super(
                NAME,
                folder,
                "TERM",
                settings.duration(Setting.WORKER_DRAIN_TIMEOUT).plusSeconds(10));
        this.settings = settings;
        this.folder = folder;
        this.port = settings.integer(Setting.COORDINATOR_PORT, 0, 65_535);
    }

    /** Kills it alone; its workers run on. */
    @Override
    public void killHard() {
        signal("KILL");
        var _ = onExit().join();
    }

    @Override
    public Path logFile() {
        return folder.resolve("coordinator.log");
    }

    /** The base address of its HTTP API; known after the first start. */
    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    protected ChildProcess launch(DataFolder data) {
        port = data.port(NAME, port);
        Settings own = settings.with(Setting.COORDINATOR_PORT, Integer.toString(port));
        return ChildProcess.start(new ChildProcess.Spec(
                MusterProcess.coordinator(folder.resolve(LocalStack.TEMPORARY)),
                own.asEnvironment(),
                logFile(),
                new ProcessAccount.Same(),
                "KILL"));
    }

    @Override
    protected void awaitReady(ChildProcess child) {
        Readiness.await("The coordinator", child, START_LIMIT, port);
    }
}
