package dev.muster.protocol;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * Instants as ISO 8601 has them, the very texts of {@link Instant#toString()}. Events come by the thousand and each has
 * four of them, nearly all within the same few seconds, whose dates need not be worked out again each time. Thread-safe:
 * what a slot holds is immutable, whoever has put it there.
 */
final class IsoTime {
    private static final Second[] SECONDS = new Second[64];

    static {
        Arrays.fill(SECONDS, new Second(Instant.EPOCH));
    }

    private IsoTime() {}

    /** A second and its text, as far as the fraction. */
    private record Second(long number, String text) {
        Second(Instant at) {
            String whole = Instant.ofEpochSecond(at.getEpochSecond()).toString();
            this(at.getEpochSecond(), whole.substring(0, whole.length() - 1));
        }
    }

    static String of(Instant at) {
        int slot = Math.floorMod(at.getEpochSecond(), SECONDS.length);
        Second second = SECONDS[slot];
        if (second.number() != at.getEpochSecond()) {
            second = new Second(at);
            SECONDS[slot] = second;
        }
        int nanos = at.getNano();
        if (nanos == 0) {
            return second.text() + 'Z';
        }
        int digits = nanos % 1_000_000 == 0 ? 3 : nanos % 1_000 == 0 ? 6 : 9;
        byte[] fraction = new byte[digits + 2];
        fraction[0] = '.';
        fraction[digits + 1] = 'Z';
        int rest = digits == 3 ? nanos / 1_000_000 : digits == 6 ? nanos / 1_000 : nanos;
        for (int i = digits; i > 0; i--) {
            fraction[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        return second.text() + new String(fraction, StandardCharsets.ISO_8859_1);
    }
}
