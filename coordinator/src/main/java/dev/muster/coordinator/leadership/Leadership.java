package dev.muster.coordinator.leadership;

import dev.muster.coordinator.loop.Loop;
import dev.muster.store.LeaseStore;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this coordinator leads. While it does, it asks Postgres for the lease three times per lifetime; while it stands
 * by, twelve times, since what is left of a dead leader's lease is time without one. Trust counts from the start
 * of the attempt that brought the lease, so that it ends here before it ends in Postgres, whatever the answer's way
 * took. Thread-safe.
 *
 * <p>Source: River, {@code internal/leadership}: the trust window is anchored to the attempt's start.
 */
public final class Leadership implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    private final LeaseStore leases;
    private final String name;
    private final Duration ttl;
    private final Ticker ticker;
    private final Counter won;
    private final Counter lost;
    private final AtomicReference<Optional<Term>> term = new AtomicReference<>(Optional.empty());
    private Optional<Loop> loop = Optional.empty();

    /** When it asked last for what it was answered; confined to the loop. */
    private long answeredNanos;

    public Leadership(LeaseStore leases, String name, Duration ttl, Ticker ticker, MeterRegistry meters) {
        this.leases = leases;
        this.name = name;
        this.ttl = ttl;
        this.ticker = ticker;
        this.won = MeterName.COORDINATOR_ELECTIONS.counter(meters, "won");
        this.lost = MeterName.COORDINATOR_ELECTIONS.counter(meters, "lost");
        MeterName.COORDINATOR_LEADER.gauge(meters, this, l -> l.epoch().isPresent() ? 1 : 0);
        MeterName.COORDINATOR_EPOCH.gauge(meters, this, l -> l.epoch().orElse(0));
    }

    /** Begins to ask for the lease. */
    public synchronized void start() {
        loop = Optional.of(Loop.start("leadership", ttl.dividedBy(12), this::attemptIfDue));
    }

    private void attemptIfDue() {
        boolean renewed = term.get().isPresent()
                && ticker.nanos() - answeredNanos < ttl.dividedBy(3).toNanos();
        if (!renewed) {
            attempt();
        }
    }

    public String name() {
        return name;
    }

    /** The epoch under which this coordinator may act now; empty while it may not. */
    public OptionalLong epoch() {
        Optional<Term> held = term.get();
        return held.isPresent() && held.get().isTrustedAt(ticker.nanos())
                ? OptionalLong.of(held.get().epoch())
                : OptionalLong.empty();
    }

    /** True while this coordinator leads under exactly this epoch. */
    public boolean leads(long epoch) {
        OptionalLong now = epoch();
        return now.isPresent() && now.getAsLong() == epoch;
    }

    /** Asks for the lease once. */
    void attempt() {
        long startedNanos = ticker.nanos();
        OptionalLong epoch = leases.lead(name, ttl);
        answeredNanos = startedNanos;
        Optional<Term> next = epoch.isPresent()
                ? Optional.of(new Term(epoch.getAsLong(), startedNanos + ttl.toNanos()))
                : Optional.empty();
        tell(term.getAndSet(next), next);
    }

    /** Stops asking and gives the lease up, so that a standby need not wait for its end. */
    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
        term.getAndSet(Optional.empty()).ifPresent(held -> {
            try {
                leases.resign(name, held.epoch());
            } catch (RuntimeException e) {
                LOG.warn("Could not give up the lease: {}; it ends by itself within {}", e.getMessage(), ttl);
            }
        });
    }

    private void tell(Optional<Term> before, Optional<Term> after) {
        if (after.isPresent()
                && (before.isEmpty() || before.get().epoch() != after.get().epoch())) {
            won.increment();
            LOG.info("Leads from now on, epoch {}", after.get().epoch());
        } else if (after.isEmpty() && before.isPresent()) {
            lost.increment();
            LOG.warn(
                    "Leads no more: the lease of epoch {} went to another coordinator",
                    before.get().epoch());
        }
    }
}
