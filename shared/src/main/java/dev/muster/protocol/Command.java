package dev.muster.protocol;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;

/**
 * What a coordinator tells the workers. Only ever a hint that makes things quick: what must not be lost stands in
 * Postgres, where every worker looks by itself.
 */
public sealed interface Command {

    /** This incarnation is fenced: owners of partitions look at once for running rows of it. */
    record Fenced(Incarnation incarnation) implements Command {}

    /** This incarnation is to end now, without waiting for its running jobs. */
    record Stop(Incarnation incarnation) implements Command {}

    /** This incarnation is to leave its group, finish what runs and end. */
    record Drain(Incarnation incarnation) implements Command {}

    /** Somebody wishes this job to be cancelled: whoever runs it reads the wish now. */
    record Cancel(JobId job) implements Command {}

    /** Every owner looks for running rows of others now. */
    record Scan() implements Command {}
}
