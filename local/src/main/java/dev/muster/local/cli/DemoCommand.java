package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.local.Console;
import dev.muster.local.demo.Demo;
import dev.muster.local.demo.DemoConfig;
import java.io.IOException;
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
            description = "Payments a second; default: up to 70, slow enough for more than ten kills")
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

    @Mixin
    private TrialOptions trial = new TrialOptions();

    private final Console console;

    DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        DemoConfig wanted = new DemoConfig(
                jobs,
                trial.workers(),
                Settings.parseDuration(warmUp, "--warm-up"),
                Settings.parseDuration(killEvery, "--kill-every"),
                rate,
                keys.isPresent() ? 1.0 : orderedShare,
                MIN_KILLS,
                trial.seed(),
                keys.map(count -> new DemoConfig.Keys(count, zipf, retrying)));
        return trial.run(
                "demo",
                console,
                (settings, stop, ticker, folder) -> new Demo(wanted, settings, console, stop, ticker).run(folder));
    }
}
