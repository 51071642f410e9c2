package dev.muster.coordinator.stats;

import dev.muster.protocol.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Ends of runs, counted per queue and second as they are told. They go to the statistics as one record for each of those,
 * in the transaction of the events themselves: to read every event again only to count it takes more than to tell it. Not
 * thread-safe.
 */
public final class Tallies {
    private final Map<Place, Tally.Sum> counted =
            new TreeMap<>(Comparator.comparingLong(Place::second).thenComparing(Place::queue));

    private record Place(long second, String queue) {}

    /**
     * Counts one.
     *
     * @param outcome the final state, or {@code retried} and so on
     * @param took seconds from submission to the final state; null where it has none or never was submitted
     * @param at when the run ended
     */
    public void add(String queue, String outcome, @Nullable Double took, Instant at) {
        counted.computeIfAbsent(new Place(at.getEpochSecond(), queue), _ -> new Tally.Sum())
                .add(outcome, took);
    }

    /** What was counted, one second after the other. */
    public List<ProducerRecord<byte[], byte[]>> records() {
        return counted.entrySet().stream()
                .map(entry -> new ProducerRecord<>(
                        Topics.TALLIES,
                        null,
                        entry.getKey().second() * 1_000,
                        entry.getKey().queue().getBytes(StandardCharsets.UTF_8),
                        entry.getValue().tally().encode()))
                .toList();
    }
}
