package dev.muster.local.drill;

import java.time.Duration;

/** What a figure's p99 must stay below. */
record Bound(Figure figure, Duration limit) {
    static Bound of(Figure figure, long millis) {
        return new Bound(figure, Duration.ofMillis(millis));
    }

    /** Whether a p99 of so many milliseconds holds it. */
    boolean holds(long millis) {
        return millis < limit.toMillis();
    }
}
