package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.coordinator.CoordinatorMain;
import dev.muster.local.StopRequest;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code muster coordinator}. */
@Command(
        name = "coordinator",
        mixinStandardHelpOptions = true,
        description = "Runs a coordinator until it is told to end; for containers.")
final class CoordinatorCommand implements Callable<Integer> {
    @Option(
            names = "--stop-workers",
            description = "Told to end, end the workers first; otherwise they run on, for the next coordinator")
    private boolean stopWorkers;

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Override
    public Integer call() throws Exception {
        Settings settings = config.load(Map.of());
        return stopWorkers ? runWithWorkers(settings) : CoordinatorMain.run(settings);
    }

    /** A coordinator of the local stack is only told to end when all of the stack ends. */
    private static int runWithWorkers(Settings settings) throws InterruptedException {
        try (StopRequest stop = StopRequest.listening();
                Coordinator _ = Coordinator.start(settings)) {
            stop.awaitAsked();
        }
        return 0;
    }
}
