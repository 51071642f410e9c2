package dev.muster.coordinator.fleet;

import java.io.IOException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BooleanSupplier;

/**
 * What the lives under a supervisor may still do: start processes and signal them, only signal them, or nothing, since
 * another leader may have them by now. Thread-safe.
 */
final class Authority {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final long epoch;
    private final BooleanSupplier leads;
    private volatile Level level = Level.START;

    /**
     * All that there is, for as long as the lease is held.
     *
     * @param leads whether the coordinator still leads under this epoch. It is asked each time, since after a pause of the
     *     whole process timers and threads may run before the fleet's loop has seen that the lease is gone
     */
    Authority(long epoch, BooleanSupplier leads) {
        this.epoch = epoch;
        this.leads = leads;
    }

    private enum Level {
        START,
        SIGNAL,
        NONE
    }

    /** Something that brings a process under supervision. */
    @FunctionalInterface
    interface Start {
        void run() throws IOException;
    }

    /** The leader's, under which new lives are minted. */
    long epoch() {
        return epoch;
    }

    boolean mayStart() {
        return level == Level.START && leads.getAsBoolean();
    }

    boolean isOver() {
        return level == Level.NONE || !leads.getAsBoolean();
    }

    /** Runs it if processes may be started; side by side with others, so that a slow fork holds up no other. */
    boolean start(Start start) throws IOException {
        lock.readLock().lock();
        try {
            if (!mayStart()) {
                return false;
            }
            start.run();
            return true;
        } finally {
            lock.readLock().unlock();
        }
    }

    /** From its return on nothing is started any more, and what was started is known to its life. */
    void stop() {
        lower(Level.SIGNAL);
    }

    /** As {@link #stop}, and no process is touched any more. */
    void end() {
        lower(Level.NONE);
    }

    private void lower(Level to) {
        lock.writeLock().lock();
        try {
            if (to.compareTo(level) > 0) {
                level = to;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
