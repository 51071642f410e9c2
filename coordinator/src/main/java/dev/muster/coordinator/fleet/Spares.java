package dev.muster.coordinator.fleet;

import dev.muster.fleet.Activation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Processes that have started, loaded what a worker needs, and wait to be told which life is theirs. Most of a worker's
 * start is its JVM's; with a spare that lies before the death and not after it. A spare waits at a pipe, so it ends with
 * its coordinator. It has no row in Postgres, no place in the group and no name until it is activated.
 *
 * <p>Not OTP's: there a process costs nothing to start. To the supervisor an activated spare is a child like any other.
 * Thread-safe; guarded by its monitor.
 */
final class Spares {
    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);
    /** So long after a worker's start: a recovery, and the worker's way into its group, need the processors more than the next one does. */
    private static final Duration REST = Duration.ofMillis(1_500);

    private static final Executor RESTED =
            CompletableFuture.delayedExecutor(REST.toMillis(), TimeUnit.MILLISECONDS, Thread::startVirtualThread);

    private final int wanted;
    private final Start start;
    private final Deque<Process> ready = new ArrayDeque<>();
    private boolean refilling;
    /** How often all were dismissed: a refill that was wished for before that is void. */
    private long dismissals;

    /** Starts a process that waits for an activation on its standard input. */
    interface Start {
        Process start() throws IOException;
    }

    /** None yet. */
    Spares(int wanted, Start start) {
        this.wanted = wanted;
        this.start = start;
    }

    /** Has a spare become this life. Empty if there is none; also one that is still starting will do. */
    synchronized Optional<Process> activate(Activation activation) {
        for (Process spare = ready.poll(); spare != null; spare = ready.poll()) {
            if (spare.isAlive() && isTold(spare, activation)) {
                return Optional.of(spare);
            }
        }
        return Optional.empty();
    }

    private static boolean isTold(Process spare, Activation activation) {
        try (var pipe = spare.getOutputStream()) {
            activation.writeTo(pipe);
            return true;
        } catch (IOException e) {
            LOG.warn("The spare with pid {} can't be activated: {}", spare.pid(), e.getMessage());
            spare.destroyForcibly(); // INVARIANT: a life has one process
            return false;
        }
    }

    /** A worker was started or found: in a while there should be as many spares as are wanted. One that ends by itself is not replaced before. */
    synchronized void refillSoon() {
        if (wanted > 0 && !refilling) {
            refilling = true;
            long now = dismissals;
            RESTED.execute(() -> refill(now));
        }
    }

    private synchronized void refill(long asked) {
        if (asked != dismissals) {
            return;
        }
        refilling = false;
        ready.removeIf(spare -> !spare.isAlive());
        try {
            while (ready.size() < wanted) {
                Process spare = start.start();
                LOG.debug("A spare is starting, pid {}", spare.pid());
                ready.add(spare);
            }
        } catch (IOException e) {
            LOG.warn("A spare could not be started: {}", e.getMessage());
        }
    }

    /** Ends them all. */
    synchronized void dismiss() {
        dismissals++;
        refilling = false;
        ready.forEach(Process::destroyForcibly);
        ready.clear();
    }
}
