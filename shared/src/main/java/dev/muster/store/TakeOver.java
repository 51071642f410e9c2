package dev.muster.store;

import java.util.UUID;

/** An assigned partition that is to be taken over, and what came of it. */
public record TakeOver(PartitionEpoch partition, UUID topicId) {

    /**
     * What Postgres answered.
     *
     * @param nextOffset where claiming goes on
     * @param storedEpoch the epoch that stands there now
     * @param logReplaced the topic was made anew since; its position starts again at 0
     */
    public record Answer(
            String queue, int partition, Verdict verdict, long nextOffset, int storedEpoch, boolean logReplaced) {}

    /** Whether the partition is ours. */
    public enum Verdict {
        TAKEN,
        /** A later epoch stands there: somebody was assigned it after us. */
        OVERTAKEN,
        /** This incarnation is fenced and owns nothing any more. */
        FENCED
    }
}
