package dev.muster.embedded.sandbox;

import java.io.IOException;
import java.nio.file.Path;

/** The sandbox as a program of its own. */
public final class SandboxMain {
    private SandboxMain() {}

    /** Takes the data folder, the port, the seed and the fault plan as JSON; ends on SIGTERM. */
    public static void main(String[] args) throws Exception {
        run(SandboxConfig.in(Path.of(args[0]))
                .withPort(Integer.parseInt(args[1]))
                .withSeed(Long.parseLong(args[2]))
                .withFaults(FaultPlan.fromJson(args[3])));
    }

    /**
     * Serves until the JVM is told to end or the thread is interrupted.
     *
     * @throws IOException when the port is taken or the journal cannot be read
     */
    public static void run(SandboxConfig config) throws IOException, InterruptedException {
        // Read once, when the server's classes load. Without nodelay every answer to a kept connection waits 40 ms for
        // the client's delayed acknowledgement; the other two keep the connections of a busy client open.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
        System.setProperty("sun.net.httpserver.idleInterval", "300");
        try (SandboxGateway gateway = SandboxGateway.open(config)) {
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(gateway::close));
            gateway.awaitClosed();
        }
    }
}
