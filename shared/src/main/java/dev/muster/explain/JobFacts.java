package dev.muster.explain;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.time.Instant;
import java.util.Optional;

/**
 * What is known of a job and of whatever it waits for, at one moment. Immutable.
 *
 * @param place empty where nobody has claimed it, and for a final one
 */
public record JobFacts(JobId id, Instant now, Standing standing, Optional<Place> place, Optional<Wish> wish) {

    /** Where it stands. */
    public sealed interface Standing {
        /** In the outbox of submissions, on its way to Kafka. */
        record InOutbox(String queue, Instant since, Optional<String> refused) implements Standing {}

        /**
         * In Kafka, claimed by nobody yet.
         *
         * @param ahead so many records of its partition are claimed before it
         */
        record InKafka(String queue, int partition, long offset, long ahead) implements Standing {}

        /**
         * Postgres does not know it, and it was not found in Kafka.
         *
         * @param searched so many records that nobody has claimed were looked at
         * @param all that was all of them
         */
        record Nowhere(long searched, boolean all) implements Standing {}

        /**
         * Claimed, and not running.
         *
         * @param due when its owner looks at it next; empty: only when whoever is before it in its key starts
         */
        record Waits(
                JobState state,
                Optional<Instant> due,
                Optional<String> reason,
                Optional<Instant> deadline,
                Optional<Hold> hold,
                Optional<Ahead> ahead,
                Optional<Turn> turn)
                implements Standing {}

        /**
         * Runs.
         *
         * @param fenced its worker is dead: it waits to be taken over
         */
        record Runs(String incarnation, boolean fenced, int attempt, Instant since) implements Standing {}

        /** Is over. */
        record Over(JobState state, Optional<String> reason, Optional<String> detail, Instant at) implements Standing {}
    }

    /**
     * Its partition.
     *
     * @param owner who takes care of the partition; empty: nobody ever has
     * @param ownerLives that incarnation is not fenced
     */
    public record Place(
            String queue, boolean paused, String pool, int partition, Optional<String> owner, boolean ownerLives) {}

    /**
     * Its key waits for an operator.
     *
     * @param dead the job that it is held for
     */
    public record Hold(String queue, String key, JobId dead, String type, Instant since) {}

    /**
     * Who is before it in its key.
     *
     * @param jobs how many, counted to 10,000
     * @param first the job that is to end first
     * @param runsAs the incarnation that runs it; empty: it waits too
     * @param reason why that one waits
     */
    public record Ahead(String key, long jobs, JobId first, Optional<String> runsAs, Optional<String> reason) {}

    /**
     * Its turn for a slot of its limit.
     *
     * @param nth from 1
     * @param max how many may run at once
     * @param running how many do
     */
    public record Turn(String limitKey, long nth, int max, long running) {}

    /** Somebody wishes it cancelled. */
    public record Wish(String by, Instant at) {}

    /** The same job, found elsewhere. */
    public JobFacts at(Standing found) {
        return new JobFacts(id, now, found, place, wish);
    }
}
