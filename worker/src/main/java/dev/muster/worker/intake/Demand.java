package dev.muster.worker.intake;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What keeps intake from taking more than the worker can run: it polls until as many records lie ready as the worker has
 * slots, and again when half of them are claimed. So what is free next finds its job here, and a poll is worth its cost:
 * one per record was measured to take more processor time than the jobs. Nothing is lost by it: the records stand in
 * Kafka until they are claimed, and only this worker may claim them while it owns their partitions. Thread-safe.
 */
public final class Demand {
    private final int most;
    private final AtomicInteger buffered = new AtomicInteger();

    /**
     * Nothing is buffered.
     *
     * @param slots how many jobs the worker runs at once, from 1
     */
    public Demand(int slots) {
        this.most = slots;
    }

    /** True when as many records lie ready as are wanted: time to stop polling. */
    public boolean isMet() {
        return buffered.get() >= most;
    }

    /** True when so few lie ready that it is time to poll again. */
    public boolean isLow() {
        return buffered.get() <= most / 2;
    }

    /** Records came into, or (negative) left, a lane's buffer. */
    public void buffered(int change) {
        buffered.addAndGet(change);
    }
}
