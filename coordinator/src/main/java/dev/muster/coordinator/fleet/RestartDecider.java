package dev.muster.coordinator.fleet;

import dev.muster.coordinator.fleet.RestartMemory.Streak;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Says what becomes of a worker that has ended. A function of its inputs: the clock's reading is one, and so is chance.
 *
 * <p>Source: OTP, {@code supervisor:add_restart/1}: the restart that exceeds the intensity is not done any more; a
 * restart exactly one period ago still counts.
 */
final class RestartDecider {
    private RestartDecider() {}

    /** What to do, and what to remember. */
    record Decision(RestartMemory next, Effect effect) {}

    /** What to do. */
    sealed interface Effect {
        /** Start the child again after the delay. */
        record Restart(String child, int inARow, Duration delay) implements Effect {}

        /** Restart no child any more and tell whoever is above: this many restarts fell into the period. */
        record GiveUp(int restarts) implements Effect {}

        /** It was given up before. */
        record StayDown() implements Effect {}
    }

    /** A child has ended. */
    static Decision ended(RestartRules spec, RestartMemory state, String child, long nowNanos, RandomGenerator random) {
        if (state.gaveUp()) {
            return new Decision(state, new Effect.StayDown());
        }
        List<Long> recent = recent(spec, state, nowNanos);
        if (recent.size() > spec.intensity()) {
            return new Decision(new RestartMemory(recent, state.streaks(), true), new Effect.GiveUp(recent.size()));
        }
        int inARow = streak(spec, state, child, nowNanos) + 1;
        Map<String, Streak> streaks = new HashMap<>(state.streaks());
        streaks.put(child, new Streak(inARow, nowNanos));
        return new Decision(
                new RestartMemory(recent, streaks, false),
                new Effect.Restart(child, inARow, spec.backoff().before(inARow, random)));
    }

    private static List<Long> recent(RestartRules spec, RestartMemory state, long nowNanos) {
        List<Long> recent = new ArrayList<>();
        for (long at : state.restarts()) {
            if (nowNanos - at <= spec.period().toNanos()) {
                recent.add(at);
            }
        }
        recent.add(nowNanos);
        return recent;
    }

    private static int streak(RestartRules spec, RestartMemory state, String child, long nowNanos) {
        Streak streak = state.streaks().get(child);
        return streak == null
                        || nowNanos - streak.lastNanos()
                                > spec.backoff().proven().toNanos()
                ? 0
                : streak.length();
    }
}
