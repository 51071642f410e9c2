package dev.muster.worker.execution;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many jobs the worker may run at once. Demand: intake polls for little more than that, so that the backlog stays in
 * Kafka, where lag shows it. Adopted jobs run even above the limit; nothing new starts until they are below it.
 * Thread-safe.
 */
public final class Slots {
    private final int capacity;
    private final AtomicInteger busy = new AtomicInteger();

    /**
     * All free.
     *
     * @param capacity from 1
     */
    public Slots(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity is below 1: " + capacity);
        }
        this.capacity = capacity;
    }

    public int capacity() {
        return capacity;
    }

    public int busy() {
        return busy.get();
    }

    /** Free ones now; 0 when adopted jobs have taken more than there are. */
    public int free() {
        return Math.max(0, capacity - busy.get());
    }

    /** Takes as many of {@code wanted} as are free. */
    public int take(int wanted) {
        while (true) {
            int now = busy.get();
            int granted = Math.min(wanted, Math.max(0, capacity - now));
            if (granted <= 0 || busy.compareAndSet(now, now + granted)) {
                return Math.max(0, granted);
            }
        }
    }

    /** Takes slots whether or not they are free: for jobs that have to run now. */
    public void takeAnyway(int count) {
        busy.addAndGet(count);
    }

    public void release(int count) {
        int now = busy.addAndGet(-count);
        if (now < 0) {
            throw new IllegalStateException("more slots were released than taken: " + now);
        }
    }
}
