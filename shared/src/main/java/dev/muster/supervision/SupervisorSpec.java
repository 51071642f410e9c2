package dev.muster.supervision;

import java.time.Duration;

/**
 * What a supervisor of permanent children goes by: strategy {@code one_for_one}, that is, only the child that ended is
 * started again. Immutable.
 *
 * <p>Source: OTP, {@code supervisor}, "Maximum Restart Intensity".
 *
 * @param name of the supervisor, for messages and metrics
 * @param intensity more restarts than this within the period: it gives up, from 0
 * @param period above zero
 */
public record SupervisorSpec(String name, int intensity, Duration period, RestartBackoff backoff) {
    public SupervisorSpec {
        if (intensity < 0) {
            throw new IllegalArgumentException("intensity is negative: " + intensity);
        }
        if (period.isNegative() || period.isZero()) {
            throw new IllegalArgumentException("period is not above zero: " + period);
        }
    }
}
