package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.stack.StackProperties;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * How a command finds Kafka and Postgres: those of the stack that runs on the data folder, else those of the
 * configuration. The environment wins over both.
 */
final class ClientOptions {
    @Option(names = "--folder", paramLabel = "DIR", description = "Data folder of a local stack; default: data")
    private Path folder = Path.of("data");

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    Settings settings() {
        Optional<StackProperties> stack = StackProperties.read(folder);
        if (stack.isPresent() && !stack.get().isLive()) {
            throw CommandException.failed(
                    "the stack on " + folder + " was killed; start it again with: muster up --folder " + folder);
        }
        Map<String, String> overrides = new HashMap<>();
        stack.ifPresent(properties -> properties.settings().forEach((key, value) -> {
            if (!isInEnvironment(key)) {
                overrides.put(key, value);
            }
        }));
        return config.load(overrides);
    }

    private static boolean isInEnvironment(String key) {
        for (Setting setting : Setting.values()) {
            if (setting.key().equals(key)) {
                String name = setting.environmentName();
                return System.getenv(name) != null || System.getenv(name + "_FILE") != null;
            }
        }
        return false;
    }
}
