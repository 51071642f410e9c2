package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.MusterProcess;
import dev.muster.local.StopRequest;
import dev.muster.local.demo.Demo;
import dev.muster.local.demo.DemoConfig;
import dev.muster.local.demo.DemoReport;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * {@code muster train}: a second of payments through a stack of its own, so that its processes leave ahead-of-time
 * caches behind. Run by the launcher script after a build.
 */
@Command(name = "train", hidden = true, description = "Makes the caches from which coordinator and workers start fast.")
final class TrainCommand implements Callable<Integer> {
    /** What a process leaves behind at its end, another one assembles, and may outlive it by some seconds. */
    private static final Duration WRITE_LIMIT = Duration.ofSeconds(60);

    @Override
    public Integer call() throws IOException {
        // One kill: adopting the jobs of the dead must be in the cache as well. The killed life leaves none.
        DemoConfig second = new DemoConfig(
                300, 1, Duration.ofSeconds(2), Duration.ofHours(1), Optional.of(300.0), 0.2, 1, 1, Optional.empty());
        Console silent = new Console(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
                false);
        // A JVM that takes notes is slow, and stands still while it writes them down: that is no death here.
        Settings patient = Settings.of(Map.of())
                .with(Setting.HEARTBEAT_SUSPECT, "60s")
                .with(Setting.HEARTBEAT_LOST, "90s")
                .with(Setting.GROUP_SESSION_TIMEOUT, "60s")
                .with(Setting.FLEET_SPARES, "0"); // it would write a cache too, of less
        try (StopRequest stop = StopRequest.listening();
                TemporaryFolder folder = TemporaryFolder.create("muster-train-")) {
            DemoReport report = new Demo(second, patient, silent, stop, Ticker.system()).run(folder.path());
            long start = Ticker.system().nanos();
            while (!MusterProcess.areCachesWritten() && Ticker.system().nanos() - start < WRITE_LIMIT.toNanos()) {
                if (stop.await(Duration.ofMillis(100))) {
                    return CommandException.FAILED;
                }
            }
            return report.isOk() ? 0 : CommandException.FAILED;
        }
    }
}
