package dev.muster.supervision;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The restarts that count against the intensity. Immutable.
 *
 * <p>Source: OTP, {@code supervisor:add_restart/1}. It reads a clock of whole seconds, so with a period of one second
 * restarts at 0.0 s and 1.9 s are within a period, and restarts at 0.9 s and 2.0 s are not.
 *
 * @param seconds when they were, by the monotonic clock, oldest first
 */
public record RestartWindow(List<Long> seconds) {
    private static final long NANOS_PER_SECOND = Duration.ofSeconds(1).toNanos();

    public RestartWindow {
        seconds = List.copyOf(seconds);
    }

    static RestartWindow empty() {
        return new RestartWindow(List.of());
    }

    /** With a restart now, and without those that were more than a period ago. */
    RestartWindow add(long nowNanos, Duration period) {
        long now = Math.floorDiv(nowNanos, NANOS_PER_SECOND);
        List<Long> recent = new ArrayList<>(seconds);
        recent.removeIf(then -> now - then > period.toSeconds());
        recent.add(now);
        return new RestartWindow(recent);
    }

    int count() {
        return seconds.size();
    }
}
