package dev.muster.worker.lane;

import java.time.Duration;

/**
 * How many of the rows that have no thread are started now: all of them, or in quarantine one after the other, so that a
 * death has few in flight. One that takes its time does not hold up those behind it: they come beside it, one each
 * {@link #STEP}. Confined to the lane's thread.
 */
final class Turns {
    /** Long enough for the first job of a process that has just started, on a machine that restarts others meanwhile. */
    static final Duration STEP = Duration.ofSeconds(5);

    private final boolean quarantine;
    private boolean begun;
    private long lastNanos;

    Turns(boolean quarantine) {
        this.quarantine = quarantine;
    }

    /**
     * The number of rows to start; those that it lets go are taken to be started.
     *
     * @param waiting rows without a thread
     * @param running threads
     */
    int next(int waiting, int running, long nowNanos) {
        if (!quarantine || waiting == 0) {
            return waiting;
        }
        if (running > 0 && begun && nowNanos - lastNanos < STEP.toNanos()) {
            return 0;
        }
        begun = true;
        lastNanos = nowNanos;
        return 1;
    }
}
