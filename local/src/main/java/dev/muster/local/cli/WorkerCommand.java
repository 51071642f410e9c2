package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.drill.BreaksOnPurpose;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.WorkerMain;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code muster worker}. */
@Command(
        name = "worker",
        mixinStandardHelpOptions = true,
        description = "Runs a worker until it is told to end; for containers.")
final class WorkerCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Option(
            names = "--breaks-on-purpose",
            hidden = true,
            description = "Breaks down when a file tells it to: for the drill")
    private boolean breaks;

    @Override
    public Integer call() {
        Settings settings = config.load(Map.of());
        return breaks ? WorkerMain.run(settings, WorkerCommand::breaker) : WorkerMain.run(settings);
    }

    private static FaultPoint.Listener breaker(Settings settings) {
        return new BreaksOnPurpose(
                Path.of(settings.string(Setting.WORKER_RUN_FOLDER)),
                settings.string(Setting.WORKER_INCARNATION),
                Ticker.system());
    }
}
