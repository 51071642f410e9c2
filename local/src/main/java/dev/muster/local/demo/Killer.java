package dev.muster.local.demo;

import dev.muster.local.stack.Fleet;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Kills a random worker that is in service at every interval: {@code kill -9}, without a word before. One that is still
 * starting has nothing to lose, and on a slow machine killing those only would keep the fleet from ever working.
 *
 * <p>Not thread-safe.
 */
final class Killer {
    private final Fleet fleet;
    private final Ticker ticker;
    private final long intervalNanos;
    private final SplittableRandom random;
    private final List<Evidence.Kill> kills = new ArrayList<>();
    private long nextNanos;

    /** The first kill is an interval from now. */
    Killer(Fleet fleet, Duration interval, long seed, Ticker ticker) {
        this.fleet = fleet;
        this.ticker = ticker;
        this.intervalNanos = interval.toNanos();
        this.random = new SplittableRandom(seed);
        this.nextNanos = ticker.nanos() + intervalNanos;
    }

    /** Kills one if it is time. When none is in service at that moment, none is killed until the next interval. */
    void killIfDue() {
        if (ticker.nanos() < nextNanos) {
            return;
        }
        nextNanos = Math.max(nextNanos + intervalNanos, ticker.nanos());
        List<Fleet.Worker> targets = fleet.live().stream()
                .filter(worker -> worker.isAlive() && worker.inService())
                .toList();
        if (targets.isEmpty()) {
            return;
        }
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
