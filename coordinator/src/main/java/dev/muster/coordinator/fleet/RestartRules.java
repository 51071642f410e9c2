package dev.muster.coordinator.fleet;

import dev.muster.supervision.RestartBackoff;
import java.time.Duration;

/**
 * What the restarts of a fleet go by: as under {@code one_for_one}, only the worker that ended is started again, though
 * with a pause where it ended several times in a row. Immutable.
 *
 * <p>Source: OTP, {@code supervisor}, "Maximum Restart Intensity".
 *
 * @param name of the fleet, for messages and metrics
 * @param intensity more restarts than this within the period: it gives up, from 0
 * @param period above zero
 */
public record RestartRules(String name, int intensity, Duration period, RestartBackoff backoff) {
    public RestartRules {
        if (intensity < 0) {
            throw new IllegalArgumentException("intensity is negative: " + intensity);
        }
        if (period.isNegative() || period.isZero()) {
            throw new IllegalArgumentException("period is not above zero: " + period);
        }
    }
}
