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
 * @param weight of the slots of its pool it gets so many where another with work gets one per weight; 1 to 1000
 * @param growth counts what was said of its partitions since it was made, from 0
 */
public record Queue(
        String name,
        Ordering ordering,
        String pool,
        int partitions,
        Optional<Duration> duplicateWindow,
        boolean paused,
        int weight,
        int growth) {
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
        if (weight < 1 || weight > 1000) {
            throw new IllegalArgumentException("weight is not between 1 and 1000: " + weight);
        }
        if (growth < 0) {
            throw new IllegalArgumentException("growth is negative: " + growth);
        }
    }

    /** One of weight 1 that never grew. */
    public Queue(
            String name,
            Ordering ordering,
            String pool,
            int partitions,
            Optional<Duration> duplicateWindow,
            boolean paused) {
        this(name, ordering, pool, partitions, duplicateWindow, paused, 1, 0);
    }

    /** The same with its keys spread over another number of partitions. */
    public Queue over(int count) {
        return new Queue(name, ordering, pool, count, duplicateWindow, paused, weight, growth);
    }

    /** True if the other would be made the same; how often it grew does not count. */
    public boolean isLike(Queue other) {
        return equals(new Queue(
                other.name,
                other.ordering,
                other.pool,
                other.partitions,
                other.duplicateWindow,
                other.paused,
                other.weight,
                growth));
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
