package dev.muster.coordinator.fleet;

import dev.muster.store.FleetStore;
import dev.muster.store.IncidentStore;
import dev.muster.store.PoolStore;
import dev.muster.store.QuarantineStore;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads once a second what Postgres knows of the fleet, elsewhere, and tells the loop. Confined to the fleet's thread.
 */
final class Surveyor {
    private static final Logger LOG = LoggerFactory.getLogger(Surveyor.class);
    private static final Duration EVERY = Duration.ofSeconds(1);
    /** While there are suspects. */
    private static final Duration OFTEN = Duration.ofMillis(200);

    private final FleetStore fleet;
    private final PoolStore pools;
    private final IncidentStore incidents;
    private final QuarantineStore suspects;
    private final String pool;
    private final Consumer<FleetMessage> told;
    private final Ticker ticker;
    private final Executor tasks;
    /** One at a time, so that what is read later is told later. */
    private final AtomicBoolean looking = new AtomicBoolean();

    private long nextNanos;

    Surveyor(
            FleetStore fleet,
            PoolStore pools,
            IncidentStore incidents,
            QuarantineStore suspects,
            String pool,
            Consumer<FleetMessage> told,
            Ticker ticker,
            Executor tasks) {
        this.fleet = fleet;
        this.pools = pools;
        this.incidents = incidents;
        this.suspects = suspects;
        this.pool = pool;
        this.told = told;
        this.ticker = ticker;
        this.tasks = tasks;
        this.nextNanos = ticker.nanos();
    }

    /** The next look is due at once. */
    void lookSoon() {
        nextNanos = ticker.nanos();
    }

    /**
     * Looks, if it is time.
     *
     * @param open incidents of which it is asked whether they are closed by now
     * @param often there are suspects, who wait for the next look
     */
    void lookIfDue(long epoch, Set<Long> open, boolean often) {
        long now = ticker.nanos();
        if (now - nextNanos < 0 || !looking.compareAndSet(false, true)) {
            return;
        }
        nextNanos = now + (often ? OFTEN : EVERY).toNanos();
        tasks.execute(() -> {
            try {
                Set<Long> closed = open.isEmpty() ? Set.of() : incidents.closed(open);
                told.accept(new FleetMessage.Surveyed(
                        epoch,
                        new FleetMessage.Survey(fleet.live(), pools.isGivenUp(pool), closed, suspects.suspects())));
            } catch (RuntimeException e) {
                LOG.debug("The fleet could not be read: {}; tried again in a second", e.getMessage());
            } finally {
                looking.set(false);
            }
        });
    }
}
