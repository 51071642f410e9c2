package dev.muster.schedule;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/**
 * When a schedule fires. Texts, as they are stored: an expression or a zone that this process can't read spoils what is
 * asked of this schedule and of no other. Immutable.
 *
 * @param cron a {@link Cron}
 * @param zone a name of the time zone database, such as {@code Europe/Berlin}, or {@code UTC}
 */
public record Timing(String cron, String zone, Missed missed) {

    /**
     * The same, found to be readable.
     *
     * @throws IllegalArgumentException if it is not; the message says what is wrong
     */
    public Timing checked() {
        Cron.parse(cron);
        try {
            ZoneId.of(zone);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "there is no time zone " + zone + "; they are named as in Europe/Berlin or UTC", e);
        }
        return this;
    }

    /**
     * The first time after an instant.
     *
     * @throws IllegalArgumentException if the expression can't be read
     * @throws DateTimeException if the zone is not known
     */
    public Instant nextAfter(Instant after) {
        return Cron.parse(cron).nextAfter(after, ZoneId.of(zone));
    }

    /** The first times after an instant, as many as asked for. Throws as {@link #nextAfter} does. */
    public List<Instant> nextAfter(Instant after, int count) {
        Cron parsed = Cron.parse(cron);
        ZoneId in = ZoneId.of(zone);
        List<Instant> times = new ArrayList<>(count);
        Instant at = after;
        for (int i = 0; i < count; i++) {
            at = parsed.nextAfter(at, in);
            times.add(at);
        }
        return times;
    }
}
