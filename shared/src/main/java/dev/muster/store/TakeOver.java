package dev.muster.store;

import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/** An assigned partition that is to be taken over, and what came of it. */
public record TakeOver(PartitionEpoch partition, UUID topicId) {

    /**
     * What Postgres answered.
     *
     * @param nextOffset where claiming goes on
     * @param storedEpoch the epoch that stands there now
     * @param logReplaced the topic was made anew since; its position starts again at 0
     * @param layout of the queue, as it is as long as this owner takes over again when it hears of a later one
     */
    public record Answer(
            String queue,
            int partition,
            Verdict verdict,
            long nextOffset,
            int storedEpoch,
            boolean logReplaced,
            Layout layout) {}

    /**
     * How a queue's keys are spread over its partitions.
     *
     * @param partitions that are open
     * @param growingTo how many there will be; empty: it does not grow
     * @param growth counts what was said of the queue's partitions, from 0
     * @param switchOffset from which offset on this partition's keys are spread by the new count; empty: not known yet
     */
    public record Layout(int partitions, OptionalInt growingTo, int growth, OptionalLong switchOffset) {

        /** By how many partitions the key of a record belongs to its partition. */
        public int countAt(long offset) {
            return switchOffset.isPresent() && offset >= switchOffset.getAsLong()
                    ? growingTo.orElse(partitions)
                    : partitions;
        }
    }

    /** Whether the partition is ours. */
    public enum Verdict {
        TAKEN,
        /** A later epoch stands there: somebody was assigned it after us. */
        OVERTAKEN,
        /** It is new, and opens when the old ones are claimed up to where their keys moved: ask again later. */
        HELD,
        /** This incarnation is fenced and owns nothing any more. */
        FENCED
    }
}
