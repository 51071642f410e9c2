package dev.muster.local.cli;

import dev.muster.worker.WorkerMain;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code muster worker}. */
@Command(
        name = "worker",
        mixinStandardHelpOptions = true,
        description = "Runs a worker until it is told to end; for containers.")
final class WorkerCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Override
    public Integer call() {
        return WorkerMain.run(config.load(Map.of()));
    }
}
