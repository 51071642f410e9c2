package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How a run ended, on its way to Postgres.
 *
 * @param reason one line for lists; empty: none
 * @param detail class and message of an exception; empty: none
 * @param result what the handler returned; empty: nothing
 * @param delay how long it waits, where the verdict makes it wait
 * @param enteredAt when its handler was entered, by the worker's clock; empty: it never was
 * @param closedSteps steps whose call was answered
 * @param followUps jobs that are submitted with it, where it makes the job final
 */
public record Outcome(
        JobId id,
        int attempt,
        Verdict verdict,
        String reason,
        String detail,
        String result,
        Duration delay,
        Optional<Instant> enteredAt,
        List<String> closedSteps,
        List<FollowUp> followUps) {

    public Outcome {
        closedSteps = List.copyOf(closedSteps);
        followUps = List.copyOf(followUps);
    }

    /** An outcome that no job follows from. */
    public Outcome(
            JobId id,
            int attempt,
            Verdict verdict,
            String reason,
            String detail,
            String result,
            Duration delay,
            Optional<Instant> enteredAt,
            List<String> closedSteps) {
        this(id, attempt, verdict, reason, detail, result, delay, enteredAt, closedSteps, List.of());
    }

    /** The same, and these jobs follow. */
    public Outcome with(List<FollowUp> jobs) {
        return new Outcome(id, attempt, verdict, reason, detail, result, delay, enteredAt, closedSteps, jobs);
    }

    /** What the run comes to. */
    public enum Verdict {
        SUCCEEDED,
        DECLINED,
        DEAD,
        CANCELLED,
        EXPIRED,
        /** Waits and spends one failure. */
        RETRIED,
        /** Waits, spends nothing. */
        SNOOZED,
        /** Waits for a circuit, spends nothing. */
        PARKED,
        /** A call's outcome is not known: waits, spends nothing. */
        UNKNOWN;

        /** The name in the history and in {@code job_attempt}. */
        public String wireName() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
