package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.demo.Demo;
import dev.muster.local.demo.DemoConfig;
import dev.muster.local.demo.DemoReport;
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

/** {@code muster demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Submits payments to a stack of its own, kills a random worker again and again, and audits the books.",
            "Ends with 0 only if no job was lost and nobody was charged twice."
        })
final class DemoCommand implements Callable<Integer> {
    /** Fewer kills prove nothing. */
    private static final int MIN_KILLS = 10;

    @Option(names = "--jobs", paramLabel = "N", description = "How many payments; default: 20000")
    private int jobs = 20_000;

    @Option(names = "--workers", paramLabel = "N", description = "How many workers; default: 3")
    private int workers = 3;

    @Option(
            names = "--warm-up",
            paramLabel = "TIME",
            description = "How long there is load before the first kill; default: 10s")
    private String warmUp = "10s";

    @Option(names = "--kill-every", paramLabel = "TIME", description = "How often one is killed; default: 2s")
    private String killEvery = "2s";

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Payments a second; default: up to 100, slow enough for more than ten kills")
    private Optional<Double> rate = Optional.empty();

    @Option(
            names = "--ordered-share",
            paramLabel = "X",
            description = "Share of the payments that go to the queue with order per key; default: 0.2")
    private double orderedShare = 0.2;

    @Option(
            names = "--keys",
            paramLabel = "N",
            description = "All payments go to the queue with order per key, for so many customers")
    private Optional<Integer> keys = Optional.empty();

    @Option(
            names = "--zipf",
            paramLabel = "S",
            description = "With --keys: the k-th customer pays in proportion to 1/k^S; default: 1.0")
    private double zipf = 1.0;

    @Option(
            names = "--retrying",
            paramLabel = "X",
            description = "With --keys: share of the payments that the provider turns away at first; default: 0.05")
    private double retrying = 0.05;

    @Option(names = "--seed", paramLabel = "N", description = "Of its random choices; default: a new one")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the report there as well, as JSON")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--keep", description = "Keep the folder with all data and logs")
    private boolean keep;

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    private final Console console;

    DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Ticker ticker = Ticker.system();
        DemoConfig wanted = new DemoConfig(
                jobs,
                workers,
                Settings.parseDuration(warmUp, "--warm-up"),
                Settings.parseDuration(killEvery, "--kill-every"),
                rate,
                keys.isPresent() ? 1.0 : orderedShare,
                MIN_KILLS,
                seed.orElseGet(() -> ticker.nanos() & 0xffff),
                keys.map(count -> new DemoConfig.Keys(count, zipf, retrying)));
        Settings settings = config.load(Map.of());
        try (StopRequest stop = StopRequest.listening()) {
            TemporaryFolder folder = TemporaryFolder.create("muster-demo-");
            try {
                return verdict(new Demo(wanted, settings, console, stop, ticker).run(folder.path()));
            } finally {
                if (keep) {
                    console.line("data and logs are kept in " + folder.path());
                } else {
                    folder.close();
                }
            }
        }
    }

    private int verdict(DemoReport report) {
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
