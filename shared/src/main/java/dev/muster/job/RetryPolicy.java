package dev.muster.job;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often a failing job is tried and how long it waits between: exponential backoff with full jitter, so that jobs
 * that failed together don't come back together. Immutable.
 *
 * <p>Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 *
 * @param maxFailures how many failed runs make a job dead, from 1
 * @param base the upper bound of the first wait
 * @param cap no wait is longer
 */
public record RetryPolicy(int maxFailures, Duration base, Duration cap) {
    public RetryPolicy {
        if (maxFailures < 1) {
            throw new IllegalArgumentException("maxFailures is below 1: " + maxFailures);
        }
        if (base.isNegative() || base.isZero()) {
            throw new IllegalArgumentException("base is not positive: " + base);
        }
        if (cap.compareTo(base) < 0) {
            throw new IllegalArgumentException("cap " + cap + " is below base " + base);
        }
    }

    /** 8 failures, waits up to 1 s, 2 s, 4 s … 5 min. */
    public static RetryPolicy defaults() {
        return new RetryPolicy(8, Duration.ofSeconds(1), Duration.ofMinutes(5));
    }

    /**
     * The wait before the next run.
     *
     * @param failures failed runs so far, this one included, from 1
     * @return between 1 ms and min(cap, base · 2^(failures-1))
     */
    public Duration delay(int failures, RandomGenerator random) {
        int doublings = Math.min(Math.max(failures, 1) - 1, 40);
        long ceiling = base.toMillis() > (cap.toMillis() >> doublings) ? cap.toMillis() : base.toMillis() << doublings;
        return Duration.ofMillis(random.nextLong(1, Math.max(ceiling, 1) + 1));
    }
}
