package dev.muster.coordinator.schedule;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.loop.Loop;
import dev.muster.schedule.Firings;
import dev.muster.schedule.Schedule;
import dev.muster.store.ScheduleStore;
import dev.muster.store.ScheduleStore.Due;
import dev.muster.store.ScheduleStore.Fire;
import dev.muster.telemetry.MeterName;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fires the schedules that are due, four times a second while it leads: reads them, decides, writes jobs and next times
 * in one statement under the leader's epoch. Postgres' clock says what is due; nothing is remembered here that a crash
 * could lose. Confined to the loop's thread.
 */
public final class ScheduleLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduleLoop.class);
    private static final Duration IDLE = Duration.ofMillis(250);
    private static final int BATCH = 100;
    /** Fired at once: with all that they have missed some 2,000 jobs. The lease is not renewed while these are written. */
    private static final int AT_ONCE = 20;

    private final ScheduleStore store;
    private final Leadership leadership;
    private final Counter onTime;
    private final Counter missed;
    private final Timer lateness;
    /** Schedules that this process can't read, told once each time they are changed. */
    private final Set<String> unreadable = new HashSet<>();

    private Optional<Loop> loop = Optional.empty();

    public ScheduleLoop(ScheduleStore store, Leadership leadership, MeterRegistry meters) {
        this.store = store;
        this.leadership = leadership;
        this.onTime = MeterName.SCHEDULE_FIRINGS.counter(meters, "on_time");
        this.missed = MeterName.SCHEDULE_FIRINGS.counter(meters, "missed");
        this.lateness = MeterName.SCHEDULE_LATENESS.timer(meters);
    }

    public synchronized void start() {
        loop = Optional.of(Loop.start("schedules", IDLE, this::runOnce));
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
    }

    private void runOnce() {
        boolean more = true;
        while (more) {
            OptionalLong epoch = leadership.epoch();
            more = epoch.isPresent() && fire(epoch.getAsLong());
        }
    }

    /** True if there may be more that is due now. */
    private boolean fire(long epoch) {
        List<Due> due = store.due(BATCH);
        List<Fire> wishes = new ArrayList<>();
        due.forEach(one -> decide(one).ifPresent(wishes::add));
        if (wishes.isEmpty()) {
            return false;
        }
        boolean moved = false;
        for (int from = 0; from < wishes.size(); from += AT_ONCE) {
            List<Fire> fired = store.fire(epoch, wishes.subList(from, Math.min(from + AT_ONCE, wishes.size())));
            fired.forEach(this::tell);
            moved |= !fired.isEmpty();
        }
        return due.size() == BATCH && moved;
    }

    private Optional<Fire> decide(Due due) {
        Schedule schedule = due.schedule();
        try {
            Instant at = schedule.standing().nextFireAt();
            return Optional.of(new Fire(due, Firings.of(schedule.timing(), at, due.now())));
        } catch (IllegalArgumentException | DateTimeException e) {
            // It was readable where it was made; another JDK may know other time zones.
            if (unreadable.add(schedule.name() + "@" + schedule.standing().revision())) {
                LOG.error(
                        "Schedule {} can't be read and does not fire, the others do: {}",
                        schedule.name(),
                        e.getMessage());
            }
            return Optional.empty();
        }
    }

    private void tell(Fire fire) {
        Firings firings = fire.firings();
        Instant now = fire.due().now();
        for (Instant time : firings.times()) {
            if (Firings.isMissed(time, now)) {
                missed.increment();
            } else {
                onTime.increment();
                lateness.record(Duration.between(time, now));
            }
        }
        Schedule schedule = fire.due().schedule();
        if (firings.skipped()) {
            LOG.warn(
                    "Schedule {} has missed times since {} and left some out, by its policy {}; it goes on at {}",
                    schedule.name(),
                    schedule.standing().nextFireAt(),
                    schedule.timing().missed().wireName(),
                    firings.next());
        }
        LOG.debug("Schedule {} fired for {}", schedule.name(), firings.times());
    }
}
