package dev.muster.local.drill;

import java.time.Duration;

/** What a figure's p99 must stay below. */
record Bound(Figure figure, Duration limit) {
    static Bound of(Figure figure, long millis) {
        return new Bound(figure, Duration.ofMillis(millis));
    }

    /** The same on a machine that is so many times slower. */
    Bound stretched(double factor) {
        return new Bound(figure, Duration.ofMillis(Math.round(limit.toMillis() * factor)));
    }

    /** Whether a p99 of so many milliseconds holds it. */
    boolean holds(long millis) {
        return millis < limit.toMillis();
    }
}
