package dev.muster.local.trial;

import java.util.Collection;

/**
 * The middle and the far end of some measurements, in milliseconds; all 0 when there are none. Nearest rank, so each is
 * one that was measured.
 */
public record Percentiles(int count, long p50, long p99, long max) {

    public static Percentiles of(Collection<Long> values) {
        long[] sorted = values.stream().mapToLong(Long::longValue).sorted().toArray();
        if (sorted.length == 0) {
            return new Percentiles(0, 0, 0, 0);
        }
        return new Percentiles(sorted.length, at(sorted, 0.50), at(sorted, 0.99), sorted[sorted.length - 1]);
    }

    private static long at(long[] sorted, double quantile) {
        return sorted[(int) Math.ceil(quantile * sorted.length) - 1];
    }
}
