package dev.muster.store;

import dev.muster.job.JobId;

/**
 * What tells a run from all others of its worker, without what it works on: the census asks for all of them every second.
 *
 * @param attempt which run of the job it is
 * @param queue the queue of the job's record
 * @param partition the partition of the job's record
 */
public record RunKey(JobId id, int attempt, String queue, int partition) {
    /** Which run that is. */
    public static RunKey of(RunningJob job) {
        return new RunKey(
                job.id(), job.attempt(), job.place().queue(), job.place().partition());
    }
}
