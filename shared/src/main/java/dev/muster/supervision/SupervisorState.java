package dev.muster.supervision;

import java.util.List;
import java.util.Map;

/**
 * What a supervisor remembers. Immutable.
 *
 * @param restarts when there was a restart, in nanoseconds of the monotonic clock, oldest first; within the period only
 * @param streaks of each child that was restarted: how often in a row
 * @param gaveUp true for good once the intensity was exceeded
 */
public record SupervisorState(List<Long> restarts, Map<String, Streak> streaks, boolean gaveUp) {
    public SupervisorState {
        restarts = List.copyOf(restarts);
        streaks = Map.copyOf(streaks);
    }

    /** Restarts of one child in a row; a child that has lived long enough to have worked begins a new one. */
    public record Streak(int length, long lastNanos) {}

    public static SupervisorState initial() {
        return new SupervisorState(List.of(), Map.of(), false);
    }
}
