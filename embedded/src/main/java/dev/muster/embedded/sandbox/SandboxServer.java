package dev.muster.embedded.sandbox;

import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.DataFolder;
import dev.muster.embedded.Readiness;
import dev.muster.embedded.ServerProcess;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The sandbox provider as a child JVM: what it charged outlives its kill, and its restart on the same port.
 *
 * <p>Thread-safety: thread-safe.
 */
public final class SandboxServer extends ServerProcess {
    private static final String NAME = "sandbox";
    // It reads its whole journal first: about 10,000 to 20,000 payments a second.
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration STOP_GRACE = Duration.ofSeconds(5);
    private static final List<String> JVM_OPTIONS =
            List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError");

    private final SandboxConfig config;
    private volatile int port;

    public SandboxServer(SandboxConfig config) {
        super(NAME, config.dataFolder(), "TERM", STOP_GRACE);
        this.config = config;
        this.port = config.port();
    }

    @Override
    public Path logFile() {
        return config.dataFolder().resolve("sandbox.log");
    }

    /** The base address, without a path, as a Stripe client's API base; known after the first start. */
    public URI url() {
        if (port == 0) {
            throw new IllegalStateException("The sandbox was never started, so its port is not known");
        }
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    protected ChildProcess launch(DataFolder folder) {
        port = folder.port(NAME, port);
        List<String> command = new ArrayList<>(ChildJvm.java("sandbox"));
        command.addAll(JVM_OPTIONS);
        command.addAll(List.of(
                "-Dlogback.configurationFile=" + ChildJvm.LOGGING,
                SandboxMain.class.getName(),
                config.dataFolder().toString(),
                Integer.toString(port),
                Long.toString(config.seed()),
                config.faults().toJson()));
        return ChildProcess.start(ChildProcess.Spec.of(command, logFile()));
    }

    @Override
    protected void awaitReady(ChildProcess child) {
        // It listens only after its journal is read, so an open port is readiness.
        Readiness.await("The sandbox", child, START_LIMIT, port);
    }
}
