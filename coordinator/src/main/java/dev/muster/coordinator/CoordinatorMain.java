package dev.muster.coordinator;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
import dev.muster.fleet.ExitCode;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a coordinator as a process. */
public final class CoordinatorMain {
    private static final Logger LOG = LoggerFactory.getLogger(CoordinatorMain.class);

    private CoordinatorMain() {}

    /**
     * Runs until SIGTERM or SIGINT, then detaches: its workers run on, for the next coordinator to find. A stack that
     * means to end them closes its {@link Coordinator} itself.
     *
     * @return the exit code of {@link ExitCode}
     */
    public static int run(Settings settings) {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Thread main = Thread.currentThread();
        Thread hook = new Thread(
                () -> {
                    main.interrupt(); // it may still wait for Kafka
                    asked.countDown(); // RACE: after the interrupt, which would else hit the ending
                    await(ended);
                },
                "shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Coordinator coordinator = Coordinator.start(settings);
            await(asked);
            Thread.interrupted();
            coordinator.detach();
            return ExitCode.NORMAL.code();
        } catch (ConfigException e) {
            LOG.error(e.getMessage());
            return ExitCode.BAD_CONFIGURATION.code();
        } catch (InterruptedException e) {
            return ExitCode.NORMAL.code();
        } catch (RuntimeException e) {
            LOG.error("The coordinator could not start", e);
            return ExitCode.FAILED.code();
        } finally {
            ended.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        boolean done = false;
        while (!done) {
            try {
                latch.await();
                done = true;
            } catch (InterruptedException e) {
                done = latch.getCount() == 0;
            }
        }
    }
}
