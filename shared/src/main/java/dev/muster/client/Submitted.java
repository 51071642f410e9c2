package dev.muster.client;

import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import java.util.concurrent.CompletableFuture;

/**
 * A job that was handed over. Immutable.
 *
 * @param accepted done when Kafka has it on all its replicas: from then on it ends in exactly one final state. Failed: it
 *     may or may not be there, and submitting it again under the same id makes it one job
 * @param outcome done when the job is final; failed like {@code accepted}, with a {@link
 *     java.util.concurrent.TimeoutException} when the time is over in which it was to end, or with an {@link
 *     IllegalStateException} when the client was closed. Cancelling it ends the waiting, not the job
 */
public record Submitted(JobId id, CompletableFuture<JobId> accepted, CompletableFuture<JobOutcome> outcome) {}
