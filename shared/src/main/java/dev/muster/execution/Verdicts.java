package dev.muster.execution;

import dev.muster.job.CallUnderWayException;
import dev.muster.job.JobResult;
import dev.muster.job.ParkedException;
import dev.muster.job.RetryPolicy;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.RunningJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a run comes to, given what its handler said and what the job has spent. Pure but for the jitter it is given; never
 * throws on account of what a handler said or threw.
 */
public final class Verdicts {
    private static final int MAX_DETAIL = 2_000;
    /** A result is a receipt, not a document; what is longer belongs somewhere else. */
    private static final int MAX_RESULT = 64 * 1024;
    /** A handler that asks for more has miscalculated, and Postgres' calendar has an end. */
    static final Duration MAX_DELAY = Duration.ofDays(366);

    private Verdicts() {}

    public static Outcome of(
            RunningJob job,
            JobResult result,
            RetryPolicy policy,
            RandomGenerator random,
            Optional<Instant> enteredAt,
            List<String> closedSteps) {
        Ending ending = switch (result) {
            case JobResult.Succeeded(String value)
            when value.length() > MAX_RESULT ->
                Ending.of(
                        Outcome.Verdict.DEAD,
                        "its result has " + value.length() + " characters, more than " + MAX_RESULT);
            case JobResult.Succeeded(String value) -> new Ending(Outcome.Verdict.SUCCEEDED, "", value, Duration.ZERO);
            case JobResult.Declined(String reason) -> Ending.of(Outcome.Verdict.DECLINED, reason);
            case JobResult.Fail(String reason) -> Ending.of(Outcome.Verdict.DEAD, reason);
            case JobResult.Cancelled(String reason) -> Ending.of(Outcome.Verdict.CANCELLED, reason);
            case JobResult.Retry(String reason, Optional<Duration> after) -> failed(job, reason, after, policy, random);
            case JobResult.Snooze(String reason, Duration pause) ->
                new Ending(Outcome.Verdict.SNOOZED, reason, "", pause);
            case JobResult.Unknown(String reason) -> unknown(job, reason, policy, random);
        };
        return outcome(job, ending, "", enteredAt, closedSteps);
    }

    /** What was thrown in the job's boundary: failed, and its class and message kept; or one of the answers that are thrown. */
    public static Outcome of(
            RunningJob job,
            Throwable thrown,
            RetryPolicy policy,
            RandomGenerator random,
            Optional<Instant> enteredAt,
            List<String> closedSteps) {
        String message = message(thrown);
        if (thrown instanceof InvalidPayloadException) {
            return invalidPayload(job, message);
        }
        if (thrown instanceof ParkedException parked) {
            Ending ending = new Ending(Outcome.Verdict.PARKED, message, "", parked.recheck());
            return outcome(job, ending, "", enteredAt, closedSteps);
        }
        if (thrown instanceof CallUnderWayException) {
            return outcome(job, unknown(job, message, policy, random), "", enteredAt, closedSteps);
        }
        String reason = message.isEmpty() ? thrown.getClass().getSimpleName() : firstLine(message);
        Ending ending = failed(job, reason, Optional.empty(), policy, random);
        return outcome(job, ending, thrown.getClass().getName() + ": " + message, enteredAt, closedSteps);
    }

    /**
     * What a run comes to that somebody wishes cancelled: whatever would let the job run again ends it. What the handler
     * says is final stays what it is; a call without an answer is waited for.
     *
     * @param broke its handler threw something, as one does that is interrupted; then that it gave up is no verdict
     */
    public static Outcome heeding(Wish wish, Outcome outcome, boolean broke) {
        boolean isOver = switch (outcome.verdict()) {
            case RETRIED, SNOOZED, PARKED -> true;
            case DEAD -> broke;
            case SUCCEEDED, DECLINED, CANCELLED, EXPIRED, UNKNOWN -> false;
        };
        return isOver
                ? new Outcome(
                        outcome.id(),
                        outcome.attempt(),
                        Outcome.Verdict.CANCELLED,
                        wish.reason().orElse("cancelled"),
                        outcome.detail().isEmpty() ? outcome.reason() : outcome.detail(),
                        "",
                        outcome.delay(),
                        outcome.enteredAt(),
                        outcome.closedSteps())
                : outcome;
    }

    /** A payload that its handler can't read will not become readable by waiting. */
    public static Outcome invalidPayload(RunningJob job, String detail) {
        return outcome(job, Ending.of(Outcome.Verdict.DEAD, "invalid_payload"), detail, Optional.empty(), List.of());
    }

    public static Outcome expired(RunningJob job, Instant deadline) {
        return outcome(
                job,
                Ending.of(Outcome.Verdict.EXPIRED, "its deadline was " + deadline),
                "",
                Optional.empty(),
                List.of());
    }

    /** No handler for its type here: somebody with another set of handlers may have one. */
    public static Outcome noHandler(RunningJob job) {
        return outcome(
                job,
                new Ending(
                        Outcome.Verdict.PARKED,
                        "this worker has no handler for " + job.type(),
                        "",
                        Duration.ofSeconds(30)),
                "",
                Optional.empty(),
                List.of());
    }

    /** The message of an exception that somebody else has written: it may be anything, and its making may fail. */
    private static String message(Throwable thrown) {
        try {
            String message = thrown.getMessage();
            return message == null ? "" : shortened(message);
        } catch (Throwable e) {
            return "its message can't be read: " + e.getClass().getName();
        }
    }

    private record Ending(Outcome.Verdict verdict, String reason, String result, Duration delay) {
        static Ending of(Outcome.Verdict verdict, String reason) {
            return new Ending(verdict, reason, "", Duration.ZERO);
        }
    }

    private static Ending unknown(RunningJob job, String reason, RetryPolicy handlers, RandomGenerator random) {
        Duration wait = OwnRetries.of(job, handlers).delay(job.attempt(), random);
        return new Ending(Outcome.Verdict.UNKNOWN, reason, "", wait);
    }

    private static Ending failed(
            RunningJob job, String reason, Optional<Duration> after, RetryPolicy handlers, RandomGenerator random) {
        RetryPolicy policy = OwnRetries.of(job, handlers);
        int failures = job.budget().failures() + 1;
        int limit = job.budget().maxFailures().orElse(policy.maxFailures());
        if (failures >= limit) {
            // The wait is for a job that can't be closed, as nobody knows what its last call has done.
            return new Ending(
                    Outcome.Verdict.DEAD,
                    "gave up after " + failures + " failures: " + reason,
                    "",
                    policy.delay(failures, random));
        }
        return new Ending(Outcome.Verdict.RETRIED, reason, "", after.orElseGet(() -> policy.delay(failures, random)));
    }

    private static Outcome outcome(
            RunningJob job, Ending ending, String detail, Optional<Instant> enteredAt, List<String> closedSteps) {
        return new Outcome(
                job.id(),
                job.attempt(),
                ending.verdict(),
                shortened(ending.reason()),
                shortened(detail),
                ending.result(),
                within(ending.delay()),
                enteredAt,
                closedSteps);
    }

    private static Duration within(Duration delay) {
        if (delay.isNegative()) {
            return Duration.ZERO;
        }
        return delay.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : delay;
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    private static String shortened(String text) {
        return text.length() <= MAX_DETAIL ? text : text.substring(0, MAX_DETAIL) + " …";
    }
}
