package dev.muster.local.demo;

import dev.muster.local.trial.Pacing;
import java.time.Duration;
import java.util.Optional;

/**
 * What a demo does.
 *
 * @param jobs how many it submits
 * @param workers how many run them
 * @param warmUp how long there is load before the first kill, so that what is measured is the recovery of a system at
 *     work and not the start of one; from zero
 * @param killEvery how often one of them is killed
 * @param rate jobs a second; empty: as many as leave time for the kills
 * @param orderedShare of the jobs, 0 to 1, that go to the keyed queue
 * @param minKills fewer kills fail the audit
 * @param seed of its random choices
 * @param keys who the keyed queue's jobs are for; empty: a few customers, as many as the jobs are worth
 */
public record DemoConfig(
        int jobs,
        int workers,
        Duration warmUp,
        Duration killEvery,
        Optional<Double> rate,
        double orderedShare,
        int minKills,
        long seed,
        Optional<Keys> keys) {
    /**
     * What is in flight when a worker is killed is run again, and on a busy machine that makes the next worker slower, so that
     * more is in flight when it is killed. Measured on two cores at 70 payments a second: with the default of 64 slots 16 runs
     * were interrupted by each kill, with these 6.
     */
    static final String SLOTS = "16";

    /** So many seconds of submissions may be unfinished. */
    private static final double UNFINISHED_SECONDS = 2;

    /**
     * Keys of which a few have most of the jobs.
     *
     * @param count how many keys there are
     * @param zipf the exponent of their distribution, from 0: all alike; 1: the second has half as many as the first
     * @param retrying the share of the jobs, 0 to 1, that the provider first turns away, so that they come again
     */
    public record Keys(int count, double zipf, double retrying) {
        public Keys {
            if (count < 1) {
                throw new IllegalArgumentException("keys is below 1: " + count);
            }
            if (!(zipf >= 0 && zipf <= 10)) {
                throw new IllegalArgumentException("zipf is not between 0 and 10: " + zipf);
            }
            if (!(retrying >= 0 && retrying <= 1)) {
                throw new IllegalArgumentException("retrying is not between 0 and 1: " + retrying);
            }
        }
    }

    public DemoConfig {
        if (jobs < 1) {
            throw new IllegalArgumentException("jobs is below 1: " + jobs);
        }
        if (workers < 1) {
            throw new IllegalArgumentException("workers is below 1: " + workers);
        }
        if (warmUp.isNegative()) {
            throw new IllegalArgumentException("warm-up is below zero: " + warmUp);
        }
        if (killEvery.isZero() || killEvery.isNegative()) {
            throw new IllegalArgumentException("kill-every is not above zero: " + killEvery);
        }
        if (!(orderedShare >= 0 && orderedShare <= 1)) {
            throw new IllegalArgumentException("ordered-share is not between 0 and 1: " + orderedShare);
        }
    }

    Pacing pacing() {
        return rate.map(Pacing::new).orElseGet(() -> Pacing.lastingForKills(jobs, warmUp, killEvery));
    }

    /**
     * How many jobs may have been submitted by now, whatever the pace: a machine that is slower than it is not buried,
     * and work goes on until the kills have happened that the audit asks for, also where they had to wait.
     *
     * @param kills that have happened
     * @param finals jobs that are final
     */
    long allowed(int kills, long finals) {
        // With many jobs of few keys most of them wait behind their key: that is no sign of a slow machine.
        long open = keys.isPresent() ? jobs : (long) Math.max(50, pacing().perSecond() * UNFINISHED_SECONDS);
        long before = warmUp.dividedBy(killEvery) + 1; // the warm-up's share of the jobs is as long as its time
        long share = kills >= minKills ? jobs : jobs * (kills + before) / (minKills + before);
        return Math.min(share, finals + open);
    }

    /** So many restarts within ten seconds are what was asked for and no reason to give up. */
    int restartIntensity() {
        long kills = Duration.ofSeconds(10).dividedBy(killEvery) + 1;
        return (int) Math.min(1_000_000, Math.max(20, 4 * kills));
    }

    /** After this something hangs, and waiting longer would show nothing. */
    Duration limit() {
        return pacing().lasting(jobs).multipliedBy(3).plusMinutes(3);
    }
}
