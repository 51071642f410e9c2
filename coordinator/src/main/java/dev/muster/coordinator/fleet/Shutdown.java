package dev.muster.coordinator.fleet;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.ExitCode;
import dev.muster.store.FleetStore;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a coordinator's workers: asks all of them to drain, waits, kills the rest, and fences each. */
final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);
    private static final long LOOK_NANOS = Duration.ofMillis(10).toNanos();

    private final FleetStore fleet;
    private final Leadership leadership;
    private final Ticker ticker;

    Shutdown(FleetStore fleet, Leadership leadership, Ticker ticker) {
        this.fleet = fleet;
        this.leadership = leadership;
        this.ticker = ticker;
    }

    void stop(List<WorkerProcess> workers, Duration patience) {
        workers.forEach(WorkerProcess::terminate);
        long deadline = ticker.nanos() + patience.toNanos();
        for (WorkerProcess worker : workers) {
            while (worker.isAlive()
                    && ticker.nanos() - deadline < 0
                    && !Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            if (worker.isAlive()) {
                if (Thread.currentThread().isInterrupted()) {
                    LOG.warn("Told to hurry; kills worker {}", worker.incarnation());
                } else {
                    LOG.warn("Worker {} has not ended within {}; kills it", worker.incarnation(), patience);
                }
                worker.kill();
            }
            fence(worker);
        }
    }

    private void fence(WorkerProcess worker) {
        ExitReport report = exit(worker);
        boolean left = report.code().orElse(-1) == ExitCode.NORMAL.code();
        try {
            fleet.fence(worker.incarnation(), left ? "left" : "stopped", leadership.name(), leadership.epoch());
        } catch (StoreException e) {
            LOG.warn(
                    "Worker {} could not be fenced: {}; the next leader does it", worker.incarnation(), e.getMessage());
        }
    }

    private static ExitReport exit(WorkerProcess worker) {
        try {
            return worker.onExit().get(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return worker.report();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            return worker.report();
        }
    }
}
