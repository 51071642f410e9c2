package dev.muster.coordinator.stats;

import dev.muster.protocol.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What was counted of a queue in a window. Immutable.
 *
 * @param outcomes how often each occurred: final states, and {@code retried}, {@code interrupted} and so on
 * @param seconds sum of the times from submission to the final state
 * @param buckets how many of those times are at most each of {@link #BOUNDS}, not cumulative; the last one: longer
 */
public record Tally(Map<String, Long> outcomes, double seconds, List<Long> buckets) {
    /** Upper bounds of the buckets, in seconds. */
    public static final List<Double> BOUNDS = List.of(.01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30., 60., 300.);

    private static final List<String> FINAL = List.of("succeeded", "declined", "dead", "cancelled", "expired");

    public Tally {
        outcomes = Map.copyOf(outcomes);
        buckets = List.copyOf(buckets);
    }

    public static Tally none() {
        return new Tally(Map.of(), 0, java.util.Collections.nCopies(BOUNDS.size() + 1, 0L));
    }

    /** Both together. */
    public Tally plus(Tally other) {
        Map<String, Long> counts = new TreeMap<>(outcomes);
        other.outcomes.forEach((outcome, count) -> counts.merge(outcome, count, Long::sum));
        List<Long> filled = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i++) {
            filled.add(buckets.get(i) + other.buckets.get(i));
        }
        return new Tally(counts, seconds + other.seconds, filled);
    }

    /** Jobs that got a final state. */
    public long finished() {
        return FINAL.stream()
                .mapToLong(state -> outcomes.getOrDefault(state, 0L))
                .sum();
    }

    /** The part of them that is dead, 0 to 1. A decline is an answer, not an error. */
    public double errorRate() {
        long finished = finished();
        return finished == 0 ? 0 : (double) outcomes.getOrDefault("dead", 0L) / finished;
    }

    /** Average time from submission to the final state, in seconds. */
    public double averageSeconds() {
        long timed = timed();
        return timed == 0 ? 0 : seconds / timed;
    }

    /**
     * A bound that this part of the times does not exceed, in seconds; {@code Infinity} above the last bound, 0 when
     * there are none.
     *
     * @param part 0 to 1, such as 0.95
     */
    public double quantileSeconds(double part) {
        long timed = timed();
        if (timed == 0) {
            return 0;
        }
        long wanted = (long) Math.ceil(part * timed);
        long seen = 0;
        for (int i = 0; i < BOUNDS.size(); i++) {
            seen += buckets.get(i);
            if (seen >= wanted) {
                return BOUNDS.get(i);
            }
        }
        return Double.POSITIVE_INFINITY;
    }

    /** Counts one by one. Not thread-safe. */
    static final class Sum {
        private final Map<String, Long> outcomes = new TreeMap<>();
        private final long[] buckets = new long[BOUNDS.size() + 1];
        private double seconds;

        /** @param took seconds from submission to the final state; null where it has none or never was submitted */
        void add(String outcome, @Nullable Double took) {
            outcomes.merge(outcome, 1L, Long::sum);
            if (took != null) {
                int bucket = 0;
                while (bucket < BOUNDS.size() && took > BOUNDS.get(bucket)) {
                    bucket++;
                }
                buckets[bucket]++;
                seconds += took;
            }
        }

        /** What was counted so far. */
        Tally tally() {
            return new Tally(outcomes, seconds, Arrays.stream(buckets).boxed().toList());
        }
    }

    private long timed() {
        return buckets.stream().mapToLong(Long::longValue).sum();
    }

    byte[] encode() {
        return Json.MAPPER.writeValueAsBytes(Map.of("outcomes", outcomes, "seconds", seconds, "buckets", buckets));
    }

    static Tally decode(byte[] bytes) {
        JsonNode node = Json.MAPPER.readTree(bytes);
        Map<String, Long> outcomes = new TreeMap<>();
        node.path("outcomes")
                .properties()
                .forEach(entry -> outcomes.put(entry.getKey(), entry.getValue().longValue()));
        List<Long> buckets = new ArrayList<>();
        node.path("buckets").forEach(bucket -> buckets.add(bucket.longValue()));
        return buckets.size() == BOUNDS.size() + 1
                ? new Tally(outcomes, node.path("seconds").doubleValue(), buckets)
                : new Tally(outcomes, 0, none().buckets()); // of a build with other bounds
    }
}
