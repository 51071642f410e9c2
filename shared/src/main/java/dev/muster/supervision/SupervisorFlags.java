package dev.muster.supervision;

import java.time.Duration;

/**
 * What a supervisor goes by.
 *
 * <p>Source: OTP, {@code supervisor}, "Supervisor flags".
 *
 * @param strategy which children are restarted together
 * @param intensity how many restarts there may be within a period, from 0; with one more the supervisor gives up
 * @param period in whole seconds, from 1, as OTP counts
 * @param autoShutdown whether the supervisor ends with its significant children
 */
public record SupervisorFlags(Strategy strategy, int intensity, Duration period, AutoShutdown autoShutdown) {
    public SupervisorFlags {
        if (intensity < 0) {
            throw new IllegalArgumentException("intensity is negative: " + intensity);
        }
        if (period.toSeconds() < 1 || period.toNanosPart() != 0) {
            throw new IllegalArgumentException("period is not a number of whole seconds above zero: " + period);
        }
    }

    /** OTP's defaults: {@code one_for_one}, one restart within five seconds, no automatic shutdown. */
    public static SupervisorFlags defaults() {
        return new SupervisorFlags(Strategy.ONE_FOR_ONE, 1, Duration.ofSeconds(5), AutoShutdown.NEVER);
    }

    public SupervisorFlags withStrategy(Strategy strategy) {
        return new SupervisorFlags(strategy, intensity, period, autoShutdown);
    }

    public SupervisorFlags withIntensity(int intensity, Duration period) {
        return new SupervisorFlags(strategy, intensity, period, autoShutdown);
    }

    public SupervisorFlags withAutoShutdown(AutoShutdown autoShutdown) {
        return new SupervisorFlags(strategy, intensity, period, autoShutdown);
    }

    /** False for a significant child under a supervisor that never shuts itself down. */
    boolean allow(ChildSpec child) {
        return !child.significant() || autoShutdown != AutoShutdown.NEVER;
    }
}
