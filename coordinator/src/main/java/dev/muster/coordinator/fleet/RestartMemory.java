package dev.muster.coordinator.fleet;

import java.util.List;
import java.util.Map;

/**
 * What is remembered of restarts. Immutable.
 *
 * @param restarts when there was a restart, in nanoseconds of the monotonic clock, oldest first; within the period only
 * @param streaks of each child that was restarted: how often in a row
 * @param gaveUp true for good once the intensity was exceeded
 */
record RestartMemory(List<Long> restarts, Map<String, Streak> streaks, boolean gaveUp) {
    RestartMemory {
        restarts = List.copyOf(restarts);
        streaks = Map.copyOf(streaks);
    }

    /** Restarts of one child in a row; a child that has lived long enough to have worked begins a new one. */
    record Streak(int length, long lastNanos) {}

    static RestartMemory initial() {
        return new RestartMemory(List.of(), Map.of(), false);
    }
}
