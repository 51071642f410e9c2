package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.LocalStack;
import dev.muster.time.Ticker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Faults, one after the other, each on a loaded stack of its own, and what came of them. Not thread-safe. */
public final class Drill {
    private final DrillConfig config;
    private final Settings settings;
    private final Console console;
    private final StopRequest stop;
    private final Ticker ticker;

    public Drill(DrillConfig config, Settings settings, Console console, StopRequest stop, Ticker ticker) {
        this.config = config;
        this.settings = settings;
        this.console = console;
        this.stop = stop;
        this.ticker = ticker;
    }

    /**
     * Runs it, and stops what it has started, whatever happens.
     *
     * @param folder empty; all that the stacks keep goes there
     * @throws dev.muster.local.CommandException when it was told to stop: no verdict
     */
    public DrillReport run(Path folder) {
        console.line(String.format(
                Locale.ROOT,
                "%d rounds each on %d workers at %.0f payments/s (seed %d)",
                config.rounds(),
                config.workers(),
                config.rate(),
                config.seed()));
        console.line("supervision: " + LocalStack.intensities() + "; workers "
                + settings.string(Setting.FLEET_INTENSITY) + " in " + settings.string(Setting.FLEET_PERIOD)
                + "; a drill in which one of them gives up has failed");
        List<FaultReport> reports = new ArrayList<>();
        for (FaultKind kind : config.faults()) {
            FaultReport report = new FaultRun(kind, config, settings, console, stop, ticker).run(folder);
            console.line("  " + report.verdict()); // a drill that is stopped has told that much
            reports.add(report);
        }
        return new DrillReport(reports, config.boundsFactor());
    }
}
