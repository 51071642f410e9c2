package dev.muster.worker.intake;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What keeps intake from taking more than the worker can run: of each queue it polls until as many records lie ready as the
 * worker has slots, and again when half of them are claimed. So what is free next finds its job here, whichever queue's turn
 * it is, and a poll is worth its cost: one per record was measured to take more processor time than the jobs. Nothing is
 * lost by it: the records stand in Kafka until they are claimed, and only this worker may claim them while it owns their
 * partitions. Thread-safe.
 */
public final class Demand {
    private final int most;
    private final ConcurrentHashMap<String, AtomicInteger> buffered = new ConcurrentHashMap<>();

    /**
     * Nothing is buffered.
     *
     * @param slots how many jobs the worker runs at once, from 1
     */
    public Demand(int slots) {
        this.most = slots;
    }

    /** True when as many records of the queue lie ready as are wanted: time to stop polling it. */
    public boolean isMet(String queue) {
        return of(queue).get() >= most;
    }

    /** True when so few lie ready that it is time to poll it again. */
    public boolean isLow(String queue) {
        return of(queue).get() <= most / 2;
    }

    /** Records of a queue came into, or (negative) left, a lane's buffer. */
    public void buffered(String queue, int change) {
        of(queue).addAndGet(change);
    }

    private AtomicInteger of(String queue) {
        return buffered.computeIfAbsent(queue, _ -> new AtomicInteger());
    }
}
