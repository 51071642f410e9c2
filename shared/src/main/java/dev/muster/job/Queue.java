package dev.muster.job;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A queue: a topic of submissions and the rules for its jobs.
 *
 * @param name lower-case letters, digits, {@code . _ -}, at most 100
 * @param pool the worker pool that runs it
 * @param partitions of its topic, 1 to 10,000
 * @param duplicateWindow how long a submission with the same identity is recognised as the same job; empty: not at all
 * @param paused no job of it is started
 */
public record Queue(
        String name,
        Ordering ordering,
        String pool,
        int partitions,
        Optional<Duration> duplicateWindow,
        boolean paused) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");
    private static final Pattern POOL = Pattern.compile("[a-z0-9][a-z0-9-]{0,29}");

    public Queue {
        requireName(name);
        if (!POOL.matcher(pool).matches()) {
            throw new IllegalArgumentException(
                    "a pool's name has lower-case letters, digits and '-' only, at most 30: " + pool);
        }
        if (partitions < 1 || partitions > 10_000) {
            throw new IllegalArgumentException("partitions is not between 1 and 10000: " + partitions);
        }
    }

    /**
     * Refuses what no queue can be called.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a queue's name has lower-case letters, digits, '.', '_' and '-' only, at most 100: " + name);
        }
    }

    public boolean isKeyed() {
        return ordering == Ordering.KEY;
    }
}
