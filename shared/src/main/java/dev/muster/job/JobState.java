package dev.muster.job;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The states of a job. Postgres has the same names in its CHECK constraints; a test holds the two together, another one
 * the diagram in {@code docs/state-machines.md}.
 */
public enum JobState {
    /** Not due yet: its time is in the future. Left by its partition's owner when the time has come. */
    SCHEDULED,
    /** Due, and waits for a free slot. */
    READY,
    /**
     * Held back without spending an attempt: behind an earlier job of its key, or by an open circuit. Looked at again
     * at its re-check time at the latest.
     */
    PARKED,
    /** Belongs to one incarnation, which alone may settle it; adopted when that incarnation is fenced. */
    RUNNING,
    /** An attempt failed; the next one starts when its backoff is over. */
    RETRYING,
    /**
     * A call was made and nobody knows its outcome. Never guessed: the call is repeated under the same idempotency key
     * until the provider answers.
     */
    UNKNOWN,
    /** Done. Final. */
    SUCCEEDED,
    /** A business "no", such as a declined card: an answer, not a failure. Final. */
    DECLINED,
    /**
     * Gave up: its budget is spent, its handler said so, or it never was a job. Kept with its bytes. Final, unless somebody
     * redrives it: then it is scheduled again, as the same job.
     */
    DEAD,
    /** Stopped on request before it had a result, or not begun since another job has its unique key. Final. */
    CANCELLED,
    /** Its deadline had passed before it could run. Final. */
    EXPIRED;

    private static final Set<JobState> FINAL = EnumSet.of(SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED);

    /** True when nothing can happen to the job any more. */
    public boolean isFinal() {
        return FINAL.contains(this);
    }

    /** The states that may follow this one. Empty for a final one. */
    public Set<JobState> next() {
        return switch (this) {
            case SCHEDULED -> EnumSet.of(READY, PARKED, RUNNING, CANCELLED, EXPIRED);
            case READY -> EnumSet.of(RUNNING, PARKED, CANCELLED, EXPIRED);
            case PARKED, RETRYING -> EnumSet.of(PARKED, RUNNING, CANCELLED, EXPIRED);
            case UNKNOWN -> EnumSet.of(RUNNING, PARKED);
            // RUNNING again: adopted by another incarnation.
            case RUNNING ->
                EnumSet.of(
                        RUNNING, SCHEDULED, PARKED, RETRYING, UNKNOWN, SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED);
            case SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED -> EnumSet.noneOf(JobState.class);
        };
    }

    /** The states in which a job may be stored for the first time. */
    public static Set<JobState> initial() {
        return EnumSet.of(SCHEDULED, PARKED, RUNNING, DEAD, CANCELLED);
    }

    /** The name as Postgres, events and the HTTP API have it: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The state of this {@link #wireName}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static JobState parse(String wireName) {
        return valueOf(wireName.toUpperCase(Locale.ROOT));
    }
}
