package dev.muster.coordinator.pressure;

import java.util.List;
import java.util.OptionalLong;

/**
 * How far a queue is behind.
 *
 * @param pool whose workers run it
 * @param records not claimed yet, over all partitions
 * @param partitions one entry per partition of the topic
 * @param claimedPerSecond records claimed, over the last rounds
 */
public record Lag(
        String queue,
        String pool,
        boolean paused,
        long records,
        List<PartitionLag> partitions,
        double claimedPerSecond) {
    public Lag {
        partitions = List.copyOf(partitions);
    }

    /** A partition's part in it; {@code owner} is empty before the first takeover. */
    public record PartitionLag(int partition, long records, String owner) {}

    /** Seconds until the backlog is worked off at the present rate; empty while nothing is claimed. */
    public OptionalLong secondsToDrain() {
        return claimedPerSecond > 0 ? OptionalLong.of(Math.round(records / claimedPerSecond)) : OptionalLong.empty();
    }
}
