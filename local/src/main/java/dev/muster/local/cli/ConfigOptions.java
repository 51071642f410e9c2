package dev.muster.local.cli;

import dev.muster.config.Settings;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where a process reads its configuration. */
final class ConfigOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Configuration file; default: $MUSTER_CONFIG, else muster.properties")
    private Optional<Path> file = Optional.empty();

    /** File and environment; what is given here wins. */
    Settings load(Map<String, String> overrides) {
        return Settings.load(path(), System.getenv(), overrides);
    }

    Path path() {
        return file.orElseGet(() -> Settings.file(System.getenv()));
    }
}
