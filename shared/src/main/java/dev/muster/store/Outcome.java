package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a run ended, on its way to Postgres.
 *
 * @param reason one line for lists; empty: none
 * @param detail class and message of an exception; empty: none
 * @param result what the handler returned; empty: nothing
 * @param delay how long it waits, where the verdict makes it wait
 * @param enteredAt when its handler was entered, by the worker's clock; empty: it never was
 * @param closedSteps steps of which no call is without an answer
 * @param unmadeSteps those of them of which this run has made no call, or one that has done nothing
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
        Set<String> unmadeSteps,
        List<FollowUp> followUps) {

    public Outcome {
        closedSteps = List.copyOf(closedSteps);
        unmadeSteps = Set.copyOf(unmadeSteps);
        followUps = List.copyOf(followUps);
    }

    /** An outcome that no job follows from, of a run that has made the calls of its steps. */
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
        this(id, attempt, verdict, reason, detail, result, delay, enteredAt, closedSteps, Set.of(), List.of());
    }

    /** The same, and these jobs follow. */
    public Outcome with(List<FollowUp> jobs) {
        return new Outcome(
                id, attempt, verdict, reason, detail, result, delay, enteredAt, closedSteps, unmadeSteps, jobs);
    }

    /** The same, and of these steps this run has made no call. */
    public Outcome unmade(Set<String> steps) {
        return steps.isEmpty()
                ? this
                : new Outcome(
                        id, attempt, verdict, reason, detail, result, delay, enteredAt, closedSteps, steps, followUps);
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
