package dev.muster.worker.poll;

import java.time.Duration;

/**
 * Whether to wait a moment before the next poll, so that records which follow each other closely come together. Each by
 * itself is a fetch, a claim and a settle, which cost about the same for one as for ten: at 500 records a second that was
 * most of what two processors have. Neither a record that comes alone waits, nor a backlog. Not thread-safe.
 */
final class Gathering {
    /** How long to wait. */
    static final Duration MOMENT = Duration.ofMillis(2);
    /** Records that came no further apart follow each other closely. */
    private static final Duration DENSE = Duration.ofMillis(10);
    /** So many are a batch already. */
    private static final int BATCH = 50;

    private final int batch;
    private long lastNanos;

    /**
     * What has come last came long ago.
     *
     * @param most how many records a poll brings at most
     * @param nowNanos of a monotonic clock
     */
    Gathering(int most, long nowNanos) {
        this.batch = Math.min(BATCH, most);
        this.lastNanos = nowNanos - DENSE.toNanos();
    }

    /**
     * A poll has brought records.
     *
     * @param count from 1
     * @return true when the next poll should wait for {@link #MOMENT}
     */
    boolean came(int count, long nowNanos) {
        boolean dense = nowNanos - lastNanos < DENSE.toNanos();
        lastNanos = nowNanos;
        return dense && count < batch;
    }
}
