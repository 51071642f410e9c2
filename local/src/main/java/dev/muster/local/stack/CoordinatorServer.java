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
import java.util.function.Supplier;

/**
 * A coordinator as a child JVM, so that a drill can kill it as it kills the others. Its workers are its children, not
 * this one's, and outlive it, however it ends. Thread-safety: thread-safe.
 */
final class CoordinatorServer extends ServerProcess {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_GRACE = Duration.ofSeconds(15);

    private final String name;
    private final Supplier<Settings> settings;
    private final Path folder;
    private volatile int port;

    /**
     * Does not start it.
     *
     * @param name apart from others on the folder
     * @param port of its HTTP API; 0: the one it had the last time, or a free one
     * @param settings where everything else is; asked for at each start
     */
    CoordinatorServer(String name, Path folder, int port, Supplier<Settings> settings) {
        super(name, folder, "TERM", STOP_GRACE);
        this.name = name;
        this.settings = settings;
        this.folder = folder;
        this.port = port;
    }

    /** Kills it alone; its workers run on. */
    @Override
    public void killHard() {
        killAlone();
    }

    @Override
    public Path logFile() {
        return folder.resolve(name + ".log");
    }

    /** The base address of its HTTP API; known after the first start. */
    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    protected ChildProcess launch(DataFolder data) {
        port = data.port(name, port);
        Settings own = settings.get().with(Setting.COORDINATOR_PORT, Integer.toString(port));
        return ChildProcess.start(new ChildProcess.Spec(
                MusterProcess.coordinator(folder.resolve(LocalStack.TEMPORARY)),
                own.asEnvironment(),
                logFile(),
                new ProcessAccount.Same(),
                "KILL"));
    }

    @Override
    protected void awaitReady(ChildProcess child) {
        Readiness.await("The " + name, child, START_LIMIT, port);
    }
}
