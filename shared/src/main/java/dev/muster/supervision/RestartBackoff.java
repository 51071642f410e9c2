package dev.muster.supervision;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before a restart. OTP restarts at once, always; a process that breaks at its start would then keep a
 * core busy, so from the fourth restart in a row there is a pause. Immutable.
 *
 * @param free restarts in a row without a pause, from 0
 * @param first the first pause; each further one is twice as long
 * @param longest no pause is longer
 * @param proven a child that has lived longer than this works, so its next restart is the first in a row again
 */
public record RestartBackoff(int free, Duration first, Duration longest, Duration proven) {
    public RestartBackoff {
        if (free < 0) {
            throw new IllegalArgumentException("free is negative: " + free);
        }
        if (first.isNegative() || first.isZero() || longest.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "0 < first <= longest does not hold: first " + first + ", longest " + longest);
        }
    }

    /** Three at once, then 100 ms, 200 ms and so on up to 1 s; two seconds of life end a row. */
    public static RestartBackoff defaults() {
        return new RestartBackoff(3, Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    /**
     * The pause before the {@code nth} restart in a row, from 1. Up to a fifth shorter by chance, so that workers that
     * broke together do not all start together.
     */
    public Duration before(int nth, RandomGenerator random) {
        if (nth <= free) {
            return Duration.ZERO;
        }
        int doublings = Math.min(nth - free - 1, 30);
        long nanos = Math.min(longest.toNanos(), first.toNanos() << doublings);
        if (nanos <= 0) { // the shift has run over
            nanos = longest.toNanos();
        }
        return Duration.ofNanos((long) (nanos * (0.8 + 0.2 * random.nextDouble())));
    }
}
