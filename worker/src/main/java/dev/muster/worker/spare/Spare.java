package dev.muster.worker.spare;

import dev.muster.config.Settings;
import dev.muster.fleet.Activation;
import dev.muster.fleet.ExitCode;
import dev.muster.worker.posix.StandardOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The time before a spare process becomes a worker: it goes through the steps of a start without being anybody, then
 * waits at its standard input. It ends when whoever started it does, and when its jars, its configuration file or a file
 * with a secret is replaced: a worker that is started after a deployment must be the new one.
 */
public final class Spare {
    private static final Logger LOG = LoggerFactory.getLogger(Spare.class);
    private static final Duration LOOK = Duration.ofSeconds(2);

    private Spare() {}

    /** A part of a start, done without consequences. One that fails costs the start some time, later. */
    public interface Step {
        void run() throws Exception;
    }

    /**
     * Rehearses, waits, and redirects the output of the process.
     *
     * @param settings those that all workers have
     * @param rehearsal what is left of it when the activation comes is left out
     * @return the settings of the life to be lived from now on; empty if this process is not needed any more
     * @throws IllegalStateException if it was told a life and can't live it
     */
    public static Optional<Settings> await(Settings settings, List<Step> rehearsal) {
        Origins origins = Origins.of(Settings.file(System.getenv()), System.getenv());
        StandardOutput output = StandardOutput.prepare();
        rehearse(rehearsal);
        Optional<Activation> activation;
        try (ScheduledExecutorService _ = endWhenReplaced(origins)) {
            activation = Activation.readFrom(System.in);
            if (activation.isPresent()) {
                output.appendTo(Path.of(activation.get().log()));
            }
        } catch (IOException e) {
            throw new IllegalStateException("can't be activated", e);
        }
        if (activation.isPresent() && origins.areReplaced()) {
            throw new IllegalStateException("a file that this spare process was made of has just been replaced");
        }
        return activation.map(told -> settings.with(told.environment()));
    }

    private static void rehearse(List<Step> steps) {
        for (Step step : steps) {
            try {
                if (System.in.available() > 0) {
                    return;
                }
                step.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (Exception | LinkageError e) {
                LOG.atInfo().log(
                        "A step of the rehearsal failed; so will the start, unless it passes: {}", e.toString());
            }
        }
    }

    /** Looks until the process is a worker. */
    private static ScheduledExecutorService endWhenReplaced(Origins origins) {
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("origins").daemon().factory());
        var _ = watch.scheduleWithFixedDelay(
                () -> {
                    if (origins.areReplaced()) {
                        Runtime.getRuntime().halt(ExitCode.NORMAL.code());
                    }
                },
                LOOK.toMillis(),
                LOOK.toMillis(),
                TimeUnit.MILLISECONDS);
        return watch;
    }
}
