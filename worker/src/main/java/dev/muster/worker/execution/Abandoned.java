package dev.muster.worker.execution;

import dev.muster.telemetry.MeterName;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that did not end when they were interrupted, counted as long as they run: they take memory, and processor time
 * if they compute. A thread can't be killed, a process can; so there is a number of them at which the worker should
 * drain and be started anew. Lives as long as the process. Thread-safe.
 */
public final class Abandoned {
    private final MeterRegistry meters;
    private final int limit;
    private final AtomicInteger running = new AtomicInteger();

    /**
     * None yet.
     *
     * @param limit from 1
     */
    public Abandoned(MeterRegistry meters, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit is below 1: " + limit);
        }
        this.meters = meters;
        this.limit = limit;
        MeterName.ABANDONED_THREADS.gauge(meters, running, AtomicInteger::get);
    }

    /** One more; true when it is the one too many. */
    boolean add(String jobType) {
        MeterName.JOBS_ABANDONED.counter(meters, jobType).increment();
        return running.incrementAndGet() == limit;
    }

    /** One of them has ended after all. */
    void ended() {
        running.decrementAndGet();
    }

    int running() {
        return running.get();
    }
}
