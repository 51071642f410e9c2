package dev.muster.schedule;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What a schedule that is due does: pure, so that the store need only write it down.
 *
 * @param times each becomes a job, oldest first; may be empty
 * @param next when it is due again
 * @param skipped times were left out, by the policy or since there were too many
 */
public record Firings(List<Instant> times, Instant next, boolean skipped) {
    /**
     * A time is missed when it is longer ago than this. Standby coordinators take over sooner.
     *
     * <p>Source: Quartz, {@code org.quartz.jobStore.misfireThreshold}, 60 s.
     */
    public static final Duration MISSED_AFTER = Duration.ofMinutes(1);

    /** At most as many missed times are made up for. */
    public static final int MOST = 100;

    public Firings {
        times = List.copyOf(times);
    }

    /**
     * Decides.
     *
     * @param due the time that it was due, not after {@code now}
     * @param now by Postgres' clock
     * @throws IllegalArgumentException if the expression can't be read
     * @throws java.time.DateTimeException if the zone is not known
     */
    public static Firings of(Timing timing, Instant due, Instant now) {
        Cron cron = Cron.parse(timing.cron());
        ZoneId zone = ZoneId.of(timing.zone());
        Deque<Instant> latest = new ArrayDeque<>();
        Instant at = cron.lastUpTo(now, zone);
        while (!at.isBefore(due) && latest.size() < MOST) {
            latest.addFirst(at);
            at = cron.lastUpTo(at.minusNanos(1), zone);
        }
        List<Instant> all = List.copyOf(latest);
        List<Instant> onTime = all.stream().filter(time -> !isMissed(time, now)).toList();
        List<Instant> times = switch (timing.missed()) {
            case SKIP -> onTime;
            case ONCE -> onTime.isEmpty() ? all.subList(Math.max(0, all.size() - 1), all.size()) : onTime;
            case ALL -> all;
        };
        return new Firings(times, cron.nextAfter(now, zone), times.size() < all.size() || !at.isBefore(due));
    }

    /** True when a time is so long ago that the policy decides about it. */
    public static boolean isMissed(Instant time, Instant now) {
        return time.isBefore(now.minus(MISSED_AFTER));
    }
}
