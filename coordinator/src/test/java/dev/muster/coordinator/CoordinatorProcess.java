package dev.muster.coordinator;

import dev.muster.config.Settings;
import java.nio.file.Path;
import java.util.Map;

/** A coordinator as a process of its own, so that a test can kill it. Configured by its environment. */
public final class CoordinatorProcess {
    private CoordinatorProcess() {}

    public static void main(String[] args) {
        System.exit(CoordinatorMain.run(Settings.load(Path.of("none.properties"), System.getenv(), Map.of())));
    }
}
