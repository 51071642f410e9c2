package dev.muster.coordinator.housekeeping;

import dev.muster.coordinator.housekeeping.Chore.Drop;
import dev.muster.coordinator.housekeeping.Chore.Ensure;
import dev.muster.coordinator.housekeeping.Chore.SweepPages;
import dev.muster.coordinator.housekeeping.Chore.SweepRows;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.loop.Loop;
import dev.muster.store.HousekeepingStore;
import dev.muster.store.HousekeepingStore.DailyTable;
import dev.muster.store.HousekeepingStore.Pages;
import dev.muster.store.HousekeepingStore.Partition;
import dev.muster.store.HousekeepingStore.Rows;
import dev.muster.store.HousekeepingStore.Survey;
import dev.muster.store.HousekeepingStore.Swept;
import dev.muster.store.StoreException;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps house while this coordinator leads: one short statement ten times a second as long as there is something to do,
 * and none for the rest of the hour but a look at the {@link RunningVacuum running rows}. So nothing is held up: none waits
 * for a lock, none takes long but a look through a default partition that has grown, for which nobody waits, and vacuum
 * keeps pace. Confined to the loop's thread.
 */
public final class HousekeepingLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HousekeepingLoop.class);
    private static final Duration PACE = Duration.ofMillis(100);
    /** Some 5,000 identities. */
    private static final int PAGES = 64;

    private final HousekeepingStore store;
    private final Leadership leadership;
    private final Retention retention;
    private final Ticker ticker;
    private final RunningVacuum vacuum;
    private final Map<String, Counter> removed = new TreeMap<>();
    private final Counter made;
    private final Counter dropped;
    private volatile Map<DailyTable, Long> inDefault = Map.of();
    /** When a round was last done, or leadership began; empty while it does not lead. */
    private volatile OptionalLong doneNanos = OptionalLong.empty();

    private Optional<Loop> loop = Optional.empty();

    private Optional<HousekeepingState> state = Optional.empty();
    private boolean told;

    /**
     * Made, not started.
     *
     * @param store over a database of its own, so that nothing here can hold up the lease
     */
    public HousekeepingLoop(
            HousekeepingStore store, Leadership leadership, Retention retention, Ticker ticker, MeterRegistry meters) {
        this.store = store;
        this.leadership = leadership;
        this.retention = retention;
        this.ticker = ticker;
        this.vacuum = new RunningVacuum(store, ticker);
        for (Rows rows : Rows.values()) {
            removed.put(rows.wireName(), MeterName.HOUSEKEEPING_REMOVED.counter(meters, rows.wireName()));
        }
        for (Pages rows : Pages.values()) {
            removed.put(rows.wireName(), MeterName.HOUSEKEEPING_REMOVED.counter(meters, rows.wireName()));
        }
        this.made = MeterName.HOUSEKEEPING_PARTITIONS.counter(meters, "made");
        this.dropped = MeterName.HOUSEKEEPING_PARTITIONS.counter(meters, "dropped");
        MeterName.HOUSEKEEPING_AGE.gauge(meters, this, HousekeepingLoop::ageSeconds);
        for (DailyTable table : DailyTable.values()) {
            MeterName.DEFAULT_PARTITION_ROWS.gauge(
                    meters, this, it -> it.inDefault.getOrDefault(table, 0L), table.wireName());
        }
    }

    public synchronized void start() {
        loop = Optional.of(Loop.start("housekeeping", PACE, this::runOnce));
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
    }

    /** One survey or one statement, if there is anything to do; now and then a vacuum. */
    void runOnce() {
        Optional<HousekeepingState> current = hold();
        state = current;
        if (current.isPresent()) {
            state = Optional.of(step(current.get()));
            vacuum.runOnce();
        }
    }

    /** What is to be done under the epoch that this coordinator leads under. */
    private Optional<HousekeepingState> hold() {
        OptionalLong epoch = leadership.epoch();
        if (epoch.isEmpty()) {
            doneNanos = OptionalLong.empty();
            return Optional.empty();
        }
        if (state.isPresent() && state.get().epoch() == epoch.getAsLong()) {
            return state;
        }
        doneNanos = OptionalLong.of(ticker.nanos());
        return Optional.of(HousekeepingDecider.begin(epoch.getAsLong(), ticker.nanos()));
    }

    private HousekeepingState step(HousekeepingState current) {
        if (HousekeepingDecider.isRoundDue(current, ticker.nanos())) {
            return HousekeepingDecider.round(current, survey(), retention, ticker.nanos());
        }
        if (current.next().isEmpty()) {
            return current;
        }
        try {
            HousekeepingState next = carryOut(current, current.next().get());
            if (!HousekeepingDecider.isRoundDone(current) && HousekeepingDecider.isRoundDone(next)) {
                doneNanos = OptionalLong.of(ticker.nanos());
            }
            return next;
        } catch (StoreException e) {
            state = Optional.of(HousekeepingDecider.failed(current, ticker.nanos()));
            throw e;
        }
    }

    private Survey survey() {
        Survey survey = store.survey();
        inDefault = survey.inDefault();
        boolean any = inDefault.values().stream().anyMatch(rows -> rows > 0);
        if (any && !told) {
            LOG.warn(
                    "Rows came on days that had no partition: {}. They stay in the default partitions until they are older "
                            + "than {}; the days to come have theirs",
                    inDefault,
                    retention.history());
        }
        told = any;
        return survey;
    }

    private HousekeepingState carryOut(HousekeepingState current, Chore chore) {
        return switch (chore) {
            case Ensure(Partition partition) -> {
                ensure(partition, current.epoch());
                yield HousekeepingDecider.done(current);
            }
            case Drop(Partition partition) -> {
                drop(partition, current.epoch());
                yield HousekeepingDecider.done(current);
            }
            case SweepRows(Rows rows, Instant before) -> {
                int count = store.sweep(rows, before, HousekeepingDecider.BATCH, current.epoch());
                count(rows.wireName(), count);
                yield count < HousekeepingDecider.BATCH ? HousekeepingDecider.done(current) : current;
            }
            case SweepPages(Pages rows, Instant before, long page) -> {
                Swept swept = store.sweep(rows, before, page, PAGES, current.epoch());
                count(rows.wireName(), swept.removed());
                yield page + PAGES >= swept.pages()
                        ? HousekeepingDecider.done(current)
                        : HousekeepingDecider.goOn(current, new SweepPages(rows, before, page + PAGES));
            }
        };
    }

    private void ensure(Partition partition, long epoch) {
        switch (store.ensure(partition, epoch)) {
            case MADE -> {
                made.increment();
                LOG.info("Made the partition {}", partition);
            }
            case THERE, IN_DEFAULT, UNPROVEN, DEPOSED -> {}
        }
    }

    private void drop(Partition partition, long epoch) {
        switch (store.drop(partition, epoch)) {
            case DROPPED -> {
                dropped.increment();
                LOG.info("Dropped the partition {}, which is older than {}", partition, retention.history());
            }
            case UNRELAYED ->
                LOG.warn(
                        "Keeps the partition {} although it is older than {}: muster.events was not told all of it. It "
                                + "goes once the relay has caught up",
                        partition,
                        retention.history());
            case GONE, DEPOSED -> {}
        }
    }

    private void count(String kind, long rows) {
        if (rows > 0) {
            Optional.ofNullable(removed.get(kind)).ifPresent(counter -> counter.increment((double) rows));
            LOG.debug("Removed {} {}", rows, kind);
        }
    }

    private double ageSeconds() {
        OptionalLong done = doneNanos;
        return done.isPresent()
                ? Duration.ofNanos(ticker.nanos() - done.getAsLong()).toMillis() / 1e3
                : 0;
    }
}
