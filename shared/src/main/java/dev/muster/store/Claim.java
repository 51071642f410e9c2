package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A batch of polled records that is to become durable, together with the move of each partition's position.
 *
 * @param spans what of each partition is claimed
 * @param entries the records, each naming its span by index
 */
public record Claim(List<Span> spans, List<Entry> entries) {
    public Claim {
        spans = List.copyOf(spans);
        entries = List.copyOf(entries);
    }

    /**
     * A stretch of a partition.
     *
     * @param from the position that must stand in Postgres now
     * @param to the position after it, above {@code from}
     */
    public record Span(PartitionEpoch partition, long from, long to) {}

    /**
     * One record.
     *
     * @param span index into {@link Claim#spans}
     * @param id of the job that it is, or that it names although it is none; where it names none, {@code positionId}
     * @param positionId the id that follows from its place, for a record that is no job, or whose own id is taken by
     *     another payload
     * @param orderKey empty: no order, or no key
     * @param dead why it is no job; empty: it is one
     */
    public record Entry(
            int span,
            long offset,
            JobId id,
            JobId positionId,
            String type,
            Optional<String> orderKey,
            Terms terms,
            RunningJob.Bytes bytes,
            byte[] payloadHash,
            Optional<Dead> dead) {

        /** The same record in another claim. */
        public Entry inSpan(int index) {
            return new Entry(index, offset, id, positionId, type, orderKey, terms, bytes, payloadHash, dead);
        }
    }

    /**
     * What the submitter asked for.
     *
     * @param uniqueKey of the queue's jobs that have it, one is unfinished at a time
     * @param limitKey of all jobs that have it, no more run at once than its limit says
     */
    public record Terms(
            Optional<Integer> maxFailures,
            Optional<Instant> runAt,
            Optional<Instant> deadline,
            Optional<String> uniqueKey,
            Optional<String> limitKey,
            Instant submittedAt) {}

    /** Why a record is no job: one word, and a sentence. */
    public record Dead(String reason, String detail) {}

    /**
     * What is answered of an entry.
     *
     * @param behind of one that joined: the last of its key that ran here before this claim
     */
    public record Answer(Verdict verdict, Optional<JobId> behind) {
        public Answer(Verdict verdict) {
            this(verdict, Optional.empty());
        }
    }

    /** What became of an entry, in a word. */
    public enum Verdict {
        /** It runs under this incarnation: start its thread. */
        STARTED,
        /** The same, behind others of its key that run under this incarnation: to be run after them. */
        JOINED,
        /** It waits in the table, for its time or behind its key. */
        WAITING,
        /** The same job is known already. */
        DUPLICATE,
        /** It is dead: it never was a job, or its id belongs to another payload. */
        DEAD,
        /** Somebody wished it cancelled before it came, or an unfinished job has its unique key. */
        CANCELLED,
        /** Nothing was written: the partition is not ours at that epoch, or its position is elsewhere. */
        NOT_OWNER
    }
}
