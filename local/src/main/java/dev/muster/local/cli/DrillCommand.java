package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.drill.Drill;
import dev.muster.local.drill.DrillConfig;
import dev.muster.local.drill.DrillReport;
import dev.muster.local.drill.FaultKind;
import dev.muster.protocol.Json;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code muster drill}. */
@Command(
        name = "drill",
        mixinStandardHelpOptions = true,
        description = {
            "Hits a loaded stack of its own with a fault, again and again, and measures how it recovers.",
            "Ends with 0 only if every bound held, no job was lost, nobody was charged twice and no key lost its order."
        })
final class DrillCommand implements Callable<Integer> {
    @Option(names = "--fault", paramLabel = "F", required = true, description = "Names, separated by commas, or all")
    private String faults = "all";

    @Option(names = "--rounds", paramLabel = "N", description = "How often each fault happens; default: 5")
    private int rounds = 5;

    @Option(names = "--workers", paramLabel = "N", description = "How many workers; default: 3")
    private int workers = 3;

    @Option(names = "--rate", paramLabel = "N", description = "Payments a second; default: 60")
    private double rate = 60;

    @Option(
            names = "--warm-up",
            paramLabel = "TIME",
            description = "How long there is load before the first round; default: 8s")
    private String warmUp = "8s";

    @Option(names = "--seed", paramLabel = "N", description = "Of its random choices; default: a new one")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the report there as well, as JSON")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--keep", description = "Keep the folder with all data and logs")
    private boolean keep;

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    private final Console console;

    DrillCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Ticker ticker = Ticker.system();
        DrillConfig wanted = new DrillConfig(
                FaultKind.parse(faults),
                rounds,
                workers,
                rate,
                Settings.parseDuration(warmUp, "--warm-up"),
                seed.orElseGet(() -> ticker.nanos() & 0xffff));
        Settings settings = config.load(Map.of());
        try (StopRequest stop = StopRequest.listening()) {
            TemporaryFolder folder = TemporaryFolder.create("muster-drill-");
            try {
                return verdict(new Drill(wanted, settings, console, stop, ticker).run(folder.path()));
            } finally {
                if (keep) {
                    console.line("data and logs are kept in " + folder.path());
                } else {
                    folder.close();
                }
            }
        }
    }

    private int verdict(DrillReport report) {
        console.line("");
        report.lines().forEach(console::line);
        json.ifPresent(file -> write(file, Json.MAPPER.writeValueAsString(report.json())));
        return report.isOk() ? 0 : CommandException.FAILED;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text + "\n");
        } catch (IOException e) {
            throw CommandException.failed("can't write " + file + ": " + e.getMessage());
        }
    }
}
