package dev.muster.worker.intake;

import dev.muster.worker.execution.Slots;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What keeps intake from taking more than the worker can run: free slots less the records that were polled and are not
 * claimed yet. Thread-safe.
 */
public final class Demand {
    private final Slots slots;
    private final AtomicInteger buffered = new AtomicInteger();

    public Demand(Slots slots) {
        this.slots = slots;
    }

    /** True while another poll is worth its records. */
    public boolean isOpen() {
        return slots.free() > buffered.get();
    }

    /** Records came into, or (negative) left, a lane's buffer. */
    public void buffered(int change) {
        buffered.addAndGet(change);
    }
}
