package dev.muster.job;

import java.time.Instant;
import java.util.Optional;

/**
 * What a handler knows about the run it is in, and its way to the world outside. Valid during
 * {@link JobHandler#run}, on any thread that the run uses.
 */
public interface JobContext {
    JobId jobId();

    String queue();

    /** The record's key: in a keyed queue the jobs of one key run one after the other. */
    Optional<String> key();

    /** Which run of the job this is, from 1; every start counts, also after a worker's death. */
    int attempt();

    /** How many runs have failed before this one. */
    int failures();

    /** How many runs were cut short by the death of their worker. */
    int recoveries();

    /**
     * True once somebody wants the job to stop, its time is over, or its worker has lost it: return soon. Whoever wished
     * it cancelled waits for {@code muster.job.cancel-grace}, then the thread is interrupted. A result that is final
     * counts all the same: what has succeeded has succeeded.
     */
    boolean isCancelled();

    /**
     * Says how far the run is, for people. Cheap, and never waits: of what is said within a second the last counts, and
     * what is said in the last second of a run may be lost.
     *
     * @param percent 0 to 100
     * @param note a few words; at most 200 characters of it are kept
     * @throws IllegalArgumentException if {@code percent} is out of range
     */
    void progress(int percent, String note);

    /**
     * Makes one call to the outside. Before the call its idempotency key is stored durably, and the worker makes sure
     * that it has seen itself alive in Postgres within the trust window. A call that returns closes the step: its
     * outcome is known. A call that throws leaves it open, and a job with an open step is never declined, cancelled or
     * given up: it is run again, under the same key, until the provider has answered. A call that throws
     * {@link NothingDoneException} leaves it as it was before; one that throws {@link CallUnderWayException} costs no failure.
     *
     * @param step names the call within the job, such as {@code charge}; at most 100 characters
     * @throws LostJobException if the job is no longer this worker's; the handler should let it pass
     * @throws JobCancelledException if somebody wishes the job cancelled and no earlier call of this step is without an
     *     answer: no new call is made then
     * @throws Exception whatever the call throws
     */
    <T> T effect(String step, EffectCall<T> call) throws Exception;

    /**
     * Within a call of {@link #effect}: since when an earlier call of this step may have been made whose outcome nobody
     * knows. In a job that was redriven also one that was answered before: this run does not know the answer. Providers
     * forget idempotency keys, some after a day; what is older than that is looked up first, by what names the job at the
     * provider.
     */
    Optional<Instant> unansweredSince(String step);

    /**
     * Submits a job that follows from this one: with the outcome that this run gives the job, in the same statement, or not
     * at all. Only an answer that ends the job counts: success, {@link JobResult.Declined}, {@link JobResult.Fail} and
     * {@link JobResult.Cancelled}; a run that fails or is to be repeated submits nothing. Its id follows from this job and
     * {@code step}, so whichever run of this job comes to its end, on whichever worker, it submits the same jobs. It is
     * on its way when this job is final; a delay counts from now.
     *
     * @param step names it within the job; at most 100 characters; said again, the last one counts
     * @param queue where it goes; that there is no such queue shows when it is sent, as an incident
     * @param job without an id of its own
     * @return what it will be
     * @throws IllegalArgumentException if it can be no job, or has an id
     * @throws IllegalStateException if these are more than 100, or larger than 1 MiB together
     */
    JobId submit(String step, String queue, NewJob job);

    /** A call to the outside, given its idempotency key. */
    @FunctionalInterface
    interface EffectCall<T> {
        T call(String idempotencyKey) throws Exception;
    }
}
