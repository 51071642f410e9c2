package dev.muster.worker.lane;

import dev.muster.store.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * How many waiting jobs of a key may be started at once: as many as are over within a few hundredths of a second, and fewer
 * of a type whose runs often don't succeed, since what is behind such a run was started for nothing. Confined to the lane's
 * thread.
 */
final class Paces {
    /** Of a key that waits, {@code next_of_key} looks at no more. */
    private static final double MOST = 250;

    private static final double FIRST = 4;
    /** How much of the mean is the last run. */
    private static final double WEIGHT = 0.05;

    private final Set<String> early;
    private final Duration within;
    private final Map<String, Pace> paces = new HashMap<>();

    private record Pace(double meanNanos, double most) {}

    Paces(LaneParts.Early early) {
        this.early = Set.copyOf(early.types());
        this.within = early.within();
    }

    /** A run has ended by itself: additive increase, multiplicative decrease. */
    void ran(String type, long took, Outcome.Verdict verdict) {
        if (early.contains(type)) {
            Pace before = paces.getOrDefault(type, new Pace(took, FIRST));
            double most = verdict == Outcome.Verdict.SUCCEEDED
                    ? Math.min(MOST, before.most() + 0.25)
                    : Math.max(1, before.most() / 2);
            paces.put(type, new Pace(before.meanNanos() + WEIGHT * (took - before.meanNanos()), most));
        }
    }

    /** One by one again: what was started together may have been too much for Postgres. */
    void reset() {
        paces.clear();
    }

    /** Types that are not there are started one by one. */
    Map<String, Integer> groups() {
        Map<String, Integer> groups = new HashMap<>();
        paces.forEach((type, pace) -> {
            int most = (int) Math.min(pace.most(), within.toNanos() / Math.max(1, pace.meanNanos()));
            if (most > 1) {
                groups.put(type, most);
            }
        });
        return groups;
    }
}
