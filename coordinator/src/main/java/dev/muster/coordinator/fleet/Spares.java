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
    /** So long after a start of a worker: a recovery, and its way into its group, need the processors more. */
    private static final Duration REST = Duration.ofMillis(1_500);

    private final int wanted;
    private final Start start;
    /** Runs something after a rest. */
    private final Executor rested;

    private final Deque<Process> ready = new ArrayDeque<>();
    private boolean refilling;
    private boolean dismissed = true;

    /** Starts a process that waits for an activation on its standard input. */
    interface Start {
        Process start() throws IOException;
    }

    /** None yet. */
    Spares(int wanted, Start start) {
        this(
                wanted,
                start,
                CompletableFuture.delayedExecutor(REST.toMillis(), TimeUnit.MILLISECONDS, Thread::startVirtualThread));
    }

    /** @param rested runs what it is given after a rest */
    Spares(int wanted, Start start, Executor rested) {
        this.wanted = wanted;
        this.start = start;
        this.rested = rested;
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

    /** In a while there should be as many spares as are wanted. One that ends by itself is not replaced before. */
    synchronized void refillSoon() {
        if (!dismissed && !refilling && wanted > 0) {
            refilling = true;
            rested.execute(this::refill);
        }
    }

    /** Forks outside the monitor: who waits for that is a recovery. */
    private void refill() {
        try {
            while (isOneMissing()) {
                add(start.start());
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("A spare could not be started: {}", e.toString());
            endRefill();
        }
    }

    /** False also ends the refill, at the same moment: who takes a spare after that asks for the next one. */
    private synchronized boolean isOneMissing() {
        ready.removeIf(spare -> !spare.isAlive());
        refilling = !dismissed && ready.size() < wanted;
        return refilling;
    }

    private synchronized void add(Process spare) {
        if (dismissed) {
            spare.destroyForcibly(); // RACE: while it was forked
        } else {
            LOG.debug("A spare is starting, pid {}", spare.pid());
            ready.add(spare);
        }
    }

    private synchronized void endRefill() {
        refilling = false;
    }

    /** From now on there may be some. */
    synchronized void admit() {
        dismissed = false;
        refillSoon();
    }

    /** Ends them all; there are none until they are admitted again. */
    synchronized void dismiss() {
        dismissed = true;
        ready.forEach(Process::destroyForcibly);
        ready.clear();
    }
}
