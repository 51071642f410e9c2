package dev.muster.supervision;

import java.time.Duration;

/**
 * How a child is stopped.
 *
 * <p>Source: OTP, {@code supervisor}, "Child specification", {@code shutdown}.
 */
public sealed interface Shutdown {

    /** It is killed at once. */
    record BrutalKill() implements Shutdown {}

    /**
     * It is asked to shut down, and killed if it hasn't after this time.
     *
     * @param within zero or above
     */
    record Timeout(Duration within) implements Shutdown {
        public Timeout {
            if (within.isNegative()) {
                throw new IllegalArgumentException("within is negative: " + within);
            }
        }
    }

    /** It is asked to shut down, and has all the time it needs. The right one for supervisors. */
    record Infinity() implements Shutdown {}

    /** Five seconds for a worker; a supervisor has all the time it needs. */
    static Shutdown defaultOf(ChildType type) {
        return switch (type) {
            case WORKER -> new Timeout(Duration.ofSeconds(5));
            case SUPERVISOR -> new Infinity();
        };
    }
}
