package dev.muster.coordinator.housekeeping;

import dev.muster.store.HousekeepingStore;
import dev.muster.store.HousekeepingStore.Bloat;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table of running jobs short. Every job passes through it, and each lane of each worker reads it through about
 * once a second, with the dead rows that autovacuum leaves there for a minute as a rule. Confined to one thread.
 */
final class RunningVacuum {
    private static final Logger LOG = LoggerFactory.getLogger(RunningVacuum.class);
    private static final Duration PACE = Duration.ofSeconds(1);
    private static final Duration SHRINK_PACE = Duration.ofMinutes(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
    /** It takes one part of so many of the time, at most. */
    private static final int PARTS = 10;

    static final long WORTH_IT = 5_000;
    /** Of a table that is smaller there is nothing to give back that matters. */
    private static final long LARGE_BYTES = 8L << 20;

    private final HousekeepingStore store;
    private final Ticker ticker;
    private Duration pause = PACE;
    private long dueNanos;
    private long shrunkNanos;

    RunningVacuum(HousekeepingStore store, Ticker ticker) {
        this.store = store;
        this.ticker = ticker;
        this.dueNanos = ticker.nanos();
        this.shrunkNanos = ticker.nanos();
    }

    /** Vacuums if it is time and worth it. What fails is tried again in a minute, and holds up nothing else. */
    void runOnce() {
        long begun = ticker.nanos();
        if (begun - dueNanos < 0) {
            return;
        }
        try {
            Bloat bloat = store.bloat();
            pause = bloat.dead() < WORTH_IT ? PACE : vacuum(bloat, begun);
        } catch (StoreException e) {
            LOG.atDebug().log("The running jobs can't be vacuumed now: {}", e.getMessage());
            pause = LONGEST_PAUSE;
        }
        long now = ticker.nanos();
        dueNanos = now + Math.max(pause.toNanos(), PARTS * (now - begun));
    }

    /** How long to wait after it: longer each time while a long snapshot somewhere keeps the dead rows where they are. */
    private Duration vacuum(Bloat before, long now) {
        boolean shrink = before.bytes() >= LARGE_BYTES && now - shrunkNanos >= SHRINK_PACE.toNanos();
        if (shrink) {
            shrunkNanos = now;
        }
        store.vacuum(shrink);
        if (store.bloat().dead() < WORTH_IT) {
            return PACE;
        }
        Duration longer = pause.multipliedBy(2);
        return longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
    }
}
