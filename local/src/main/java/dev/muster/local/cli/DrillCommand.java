package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.local.Console;
import dev.muster.local.drill.Drill;
import dev.muster.local.drill.DrillConfig;
import dev.muster.local.drill.FaultKind;
import java.io.IOException;
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

    @Option(names = "--rate", paramLabel = "N", description = "Payments a second; default: 25")
    private double rate = 25;

    @Option(
            names = "--warm-up",
            paramLabel = "TIME",
            description = "How long there is load before the first round; default: 8s")
    private String warmUp = "8s";

    @Option(
            names = "--bounds",
            paramLabel = "FACTOR",
            description = {
                "By how much every bound on a time is stretched, for a machine that others use as well; default: 1.",
                "What is lost, doubled, out of order or dead without a reason fails all the same."
            })
    private double bounds = 1;

    @Mixin
    private TrialOptions trial = new TrialOptions();

    private final Console console;

    DrillCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        DrillConfig wanted = new DrillConfig(
                FaultKind.parse(faults),
                rounds,
                trial.workers(),
                rate,
                Settings.parseDuration(warmUp, "--warm-up"),
                bounds,
                trial.seed());
        return trial.run(
                "drill",
                console,
                (settings, stop, ticker, folder) -> new Drill(wanted, settings, console, stop, ticker).run(folder));
    }
}
