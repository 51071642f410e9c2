package dev.muster.store;

import dev.muster.job.JobId;

/** What a settle did about one job. */
public sealed interface Settled {

    /** Written as asked. */
    record Done(JobId id) implements Settled {}

    /** A call of it is open whose answer nobody knows, so it waits as unknown instead of becoming final. */
    record Unsure(JobId id) implements Settled {}

    /** The row is not ours any more. Nothing was written; the attempt is on record. */
    record Rejected(JobId id) implements Settled {}

    /** Slots of limits became free; jobs that waited for them are due now, here or elsewhere. */
    record Woken() implements Settled {}

    /** The next job of a key that has just become free; it runs under this incarnation. */
    record Started(RunningJob job) implements Settled {}
}
