package dev.muster.local.demo;

import dev.muster.local.stack.Fleet;
import dev.muster.local.trial.Evidence;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Kills a random worker that is in service at every interval: {@code kill -9}, without a word before. One that is still
 * starting has nothing to lose. And one is left in service, if the fleet has more than one: where a machine is so busy
 * that a start takes longer than the interval, the next kill waits for it, or the fleet would never work at all.
 *
 * <p>Not thread-safe.
 */
final class Killer {
    private final Fleet fleet;
    private final Ticker ticker;
    private final long intervalNanos;
    private final int spared;
    private final SplittableRandom random;
    private final List<Evidence.Kill> kills = new ArrayList<>();
    private long nextNanos;

    /**
     * The first kill is a warm-up from now.
     *
     * @param workers how many the fleet has
     */
    Killer(Fleet fleet, int workers, Duration warmUp, Duration interval, long seed, Ticker ticker) {
        this.fleet = fleet;
        this.ticker = ticker;
        this.spared = Math.min(1, workers - 1);
        this.intervalNanos = interval.toNanos();
        this.random = new SplittableRandom(seed);
        this.nextNanos = ticker.nanos() + warmUp.toNanos();
    }

    /** Kills one if it is time, and there is one to be killed. */
    void killIfDue() {
        if (ticker.nanos() < nextNanos) {
            return;
        }
        List<Fleet.Worker> targets = fleet.live().stream()
                .filter(worker -> worker.isAlive() && worker.inService())
                .toList();
        if (targets.size() <= spared) {
            return;
        }
        nextNanos = Math.max(nextNanos + intervalNanos, ticker.nanos());
        Fleet.Worker victim = targets.get(random.nextInt(targets.size()));
        Instant at = ticker.now();
        if (victim.kill()) {
            kills.add(new Evidence.Kill(victim.incarnation(), at));
        }
    }

    List<Evidence.Kill> kills() {
        return List.copyOf(kills);
    }
}
