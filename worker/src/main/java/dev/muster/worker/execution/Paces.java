package dev.muster.worker.execution;

import dev.muster.execution.HandlerTerms;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long runs of each type take, and how many of a key may so be started at once: as many as are over within a few
 * hundredths of a second, since who is started waits for those before it in this worker alone. Thread-safe.
 */
final class Paces {
    private static final Duration GROUP = Duration.ofMillis(50);
    private static final int MOST = 100;
    /** How much of the mean is the last run. */
    private static final double WEIGHT = 0.05;

    private final ConcurrentHashMap<String, Double> nanos = new ConcurrentHashMap<>();

    /** A run has ended by itself. */
    void ran(HandlerTerms<?> handler, long took) {
        if (!handler.strictOrder()) {
            nanos.merge(handler.type(), (double) took, (mean, last) -> mean + WEIGHT * (last - mean));
        }
    }

    /** Types that are not there are started one by one. */
    Map<String, Integer> groups() {
        Map<String, Integer> groups = new HashMap<>();
        nanos.forEach((type, mean) -> {
            int most = (int) Math.min(MOST, GROUP.toNanos() / Math.max(1, mean));
            if (most > 1) {
                groups.put(type, most);
            }
        });
        return groups;
    }
}
