package dev.muster.local.trial;

import java.time.Duration;

/**
 * How fast a trial submits. Immutable.
 *
 * @param perSecond jobs a second, above zero
 */
public record Pacing(double perSecond) {
    /**
     * What two cores handle while they also start a worker every two seconds: at 50 a second they are
     * busy for 1.8 of two, at 100 for all of it. At this rate ten demos of 20,000 had recoveries below a second, p99 723 ms at
     * most, while jobs that came behind a kill waited for some seconds.
     */
    static final double MOST = 70;
    /** So many kill intervals the submission lasts at least: ten kills, and a little more. */
    static final int KILL_INTERVALS = 12;

    public Pacing {
        if (!(perSecond > 0)) {
            throw new IllegalArgumentException("rate is not above zero: " + perSecond);
        }
    }

    public static Pacing lastingForKills(long jobs, Duration warmUp, Duration killEvery) {
        Duration least = killEvery.multipliedBy(KILL_INTERVALS).plus(warmUp);
        return new Pacing(Math.min(MOST, jobs * 1000.0 / least.toMillis()));
    }

    /** How many jobs have their turn within this time; the first at once. */
    public long due(long elapsedNanos) {
        return (long) (elapsedNanos / 1e9 * perSecond) + 1;
    }

    /** How long the submission of so many takes. */
    public Duration lasting(long jobs) {
        return Duration.ofMillis((long) (jobs * 1000 / perSecond));
    }
}
