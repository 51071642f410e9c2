package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A running job as its worker holds it.
 *
 * @param attempt which run this is; with the job's id and the incarnation it is guard (b) of the ownership protocol
 * @param key its place in a keyed queue, if it has one
 */
public record RunningJob(
        JobId id,
        String type,
        int attempt,
        Place place,
        Optional<String> key,
        Budget budget,
        Times times,
        Bytes bytes) {

    /** Where its record stands. */
    public record Place(String queue, int partition, long offset) {}

    /**
     * What it has spent.
     *
     * @param failures failed runs
     * @param recoveries runs cut short by a worker's death
     * @param maxFailures overrides the handler's limit; empty: it does not
     */
    public record Budget(int failures, int recoveries, Optional<Integer> maxFailures) {
        public static Budget unspent(Optional<Integer> maxFailures) {
            return new Budget(0, 0, maxFailures);
        }
    }

    /** Submission (the record's timestamp) and deadline. */
    public record Times(Instant submittedAt, Optional<Instant> deadline) {}

    /** The record's bytes as they came; headers as {@code RecordHeaders} encodes them. */
    public record Bytes(byte @Nullable [] key, byte[] value, byte @Nullable [] headers) {}
}
