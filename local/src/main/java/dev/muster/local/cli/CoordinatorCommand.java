package dev.muster.local.cli;

import dev.muster.coordinator.CoordinatorMain;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code muster coordinator}. */
@Command(
        name = "coordinator",
        mixinStandardHelpOptions = true,
        description = "Runs a coordinator until it is told to end; its workers run on. For containers.")
final class CoordinatorCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Override
    public Integer call() {
        return CoordinatorMain.run(config.load(Map.of()));
    }
}
