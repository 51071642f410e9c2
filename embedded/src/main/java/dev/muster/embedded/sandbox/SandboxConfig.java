package dev.muster.embedded.sandbox;

import java.nio.file.Path;

/**
 * Where and how the sandbox runs.
 *
 * @param dataFolder holds the journal in {@code sandbox/}; absolute or relative
 * @param port the port on 127.0.0.1; 0 for the port of the last run, or a free one that is then kept
 * @param faults how it misbehaves from the start
 * @param seed of its random choices
 */
public record SandboxConfig(Path dataFolder, int port, FaultPlan faults, long seed) {

    public SandboxConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port is out of range: " + port);
        }
        dataFolder = dataFolder.toAbsolutePath().normalize();
    }

    /** A healthy sandbox in a folder, on a port it chooses once. */
    public static SandboxConfig in(Path dataFolder) {
        return new SandboxConfig(dataFolder, 0, FaultPlan.healthy(), 1);
    }

    public SandboxConfig withPort(int changed) {
        return new SandboxConfig(dataFolder, changed, faults, seed);
    }

    public SandboxConfig withFaults(FaultPlan changed) {
        return new SandboxConfig(dataFolder, port, changed, seed);
    }
}
