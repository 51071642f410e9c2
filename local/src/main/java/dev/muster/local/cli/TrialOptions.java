package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.trial.Verdict;
import dev.muster.protocol.Json;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What demo and drill have in common: a stack of their own, in a folder that goes away with it, and a verdict. */
final class TrialOptions {
    @Option(names = "--workers", paramLabel = "N", description = "How many workers; default: 3")
    private int workers = 3;

    @Option(names = "--seed", paramLabel = "N", description = "Of its random choices; default: a new one")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the report there as well, as JSON")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--keep", description = "Keep the folder with all data and logs")
    private boolean keep;

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    private final Ticker ticker = Ticker.system();

    /** Carried out in a folder that is empty. */
    @FunctionalInterface
    interface Trial {
        Verdict run(Settings settings, StopRequest stop, Ticker ticker, Path folder);
    }

    int workers() {
        return workers;
    }

    long seed() {
        return seed.orElseGet(() -> ticker.nanos() & 0xffff);
    }

    /**
     * Runs it, prints and writes what it says, and leaves nothing behind.
     *
     * @param name of the command
     * @return the exit code
     */
    int run(String name, Console console, Trial trial) throws IOException {
        Settings settings = config.load(Map.of());
        try (StopRequest stop = StopRequest.listening()) {
            TemporaryFolder folder = TemporaryFolder.create("muster-" + name + "-");
            try {
                return tell(trial.run(settings, stop, ticker, folder.path()), console);
            } finally {
                if (keep) {
                    console.line("data and logs are kept in " + folder.path());
                } else {
                    folder.close();
                }
            }
        }
    }

    private int tell(Verdict verdict, Console console) {
        console.line("");
        verdict.lines().forEach(console::line);
        json.ifPresent(file -> write(file, Json.MAPPER.writeValueAsString(verdict.json())));
        return verdict.isOk() ? 0 : CommandException.FAILED;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text + "\n");
        } catch (IOException e) {
            throw CommandException.failed("can't write " + file + ": " + e.getMessage());
        }
    }
}
