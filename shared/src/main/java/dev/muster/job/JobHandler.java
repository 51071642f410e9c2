package dev.muster.job;

import java.time.Duration;

/**
 * What a user writes: the code that runs one type of job. Found by {@link java.util.ServiceLoader}; a jar in the
 * worker's {@code handlers/} folder that names its handlers in {@code META-INF/services/dev.muster.job.JobHandler} is
 * enough.
 *
 * <p>A worker makes one instance of each handler, asks it once what it says of itself, and calls it from many virtual
 * threads at once: handlers are thread-safe. A job may run more than once (a worker may die at any point), so every
 * effect outside goes through {@link JobContext#effect}, which gives it an idempotency key that never changes.
 *
 * @param <P> the payload: anything that Jackson reads from JSON, a record as a rule
 */
public interface JobHandler<P> {

    /** The CloudEvents {@code type} of the jobs that this handler runs, such as {@code payment.charge}. */
    String type();

    Class<P> payloadType();

    /**
     * Runs one job. It may block. It is interrupted when its {@link #timeout()} is over or when its worker has lost the
     * job to another one. Where it ignores that for 5 s its thread is abandoned: the job goes on without it, what it says
     * later is dropped, and {@link JobContext#effect} lets it into no further call.
     *
     * @throws Exception counts as a {@link JobResult.Retry} with the exception's class and message
     */
    JobResult run(P payload, JobContext context) throws Exception;

    /**
     * Called once, before this worker gets jobs: whatever is slow the first time, and touches nothing outside. A worker
     * that has just started adopts the jobs of a dead one by the dozen, and they would all do it at once. Default:
     * nothing.
     *
     * @throws Exception is logged; the worker starts all the same
     */
    default void prepare() throws Exception {}

    /** When a failed run is tried again, and how often. Default: {@link RetryPolicy#defaults()}. */
    default RetryPolicy retryPolicy() {
        return RetryPolicy.defaults();
    }

    /** How long one run may take before it is interrupted. Default 30 s; at least 1 ms. */
    default Duration timeout() {
        return Duration.ofSeconds(30);
    }

    /**
     * How strictly the jobs of a key follow each other. Default, true: nothing of the next one happens before this one is
     * final. False: where runs are quick, the next one begins when this one has returned success, a moment before that is
     * durable, which makes a key's backlog several times as fast. Its first {@link JobContext#effect} still waits until it
     * is; what a handler does besides may happen once more, after others behind it have run, if the worker dies in that moment.
     * Without meaning in a queue that is not keyed.
     */
    default boolean strictOrder() {
        return true;
    }

    /**
     * The external service that every run needs, if there is one: the name of its circuit breaker. While that circuit
     * is open, jobs of this type are parked without spending an attempt. Default: none (empty).
     */
    default String dependency() {
        return "";
    }

    /**
     * What follows a dead job of this type in its key. An operator may say otherwise for a queue. Default: the key goes
     * on. Without meaning in a queue that is not keyed.
     */
    default AfterDead afterDead() {
        return AfterDead.GO_ON;
    }
}
