package dev.muster.embedded.sandbox;

import java.nio.file.Path;

/**
 * Where and how the sandbox runs.
 *
 * @param dataFolder holds the journal in {@code sandbox/}; absolute or relative
 * @param host the address it listens on; 127.0.0.1 unless it runs in a container of its own
 * @param port the port there; 0 for the port of the last run, or a free one that is then kept
 * @param faults how it misbehaves from the start
 * @param seed of its random choices
 */
public record SandboxConfig(Path dataFolder, String host, int port, FaultPlan faults, long seed) {

    public SandboxConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port is out of range: " + port);
        }
        dataFolder = dataFolder.toAbsolutePath().normalize();
    }

    /** A healthy sandbox in a folder, on a port it chooses once. */
    public static SandboxConfig in(Path dataFolder) {
        return new SandboxConfig(dataFolder, "127.0.0.1", 0, FaultPlan.healthy(), 1);
    }

    public SandboxConfig withHost(String changed) {
        return new SandboxConfig(dataFolder, changed, port, faults, seed);
    }

    public SandboxConfig withPort(int changed) {
        return new SandboxConfig(dataFolder, host, changed, faults, seed);
    }

    public SandboxConfig withFaults(FaultPlan changed) {
        return new SandboxConfig(dataFolder, host, port, changed, seed);
    }

    public SandboxConfig withSeed(long changed) {
        return new SandboxConfig(dataFolder, host, port, faults, changed);
    }
}
