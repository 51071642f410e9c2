package dev.muster.coordinator.fleet;

import dev.muster.coordinator.quarantine.QuarantineDecider;
import dev.muster.coordinator.quarantine.QuarantineDecider.Effect;
import dev.muster.coordinator.quarantine.QuarantineDecider.Worker;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.QuarantineStore;
import dev.muster.store.QuarantineStore.Suspect;
import dev.muster.store.StoreException;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a quarantine worker while there are suspects, and says whom the owners lend to it; {@link QuarantineDecider} decides.
 * Confined to the fleet's thread but for {@link #is}; what waits for Postgres runs elsewhere.
 */
final class Quarantine {
    private static final Logger LOG = LoggerFactory.getLogger(Quarantine.class);
    private static final Duration SWEEP = Duration.ofSeconds(5);

    private final QuarantineStore store;
    private final Optional<String> worker;
    private final String pool;
    private final Ticker ticker;
    private final Executor tasks;
    private QuarantineDecider.State state = QuarantineDecider.State.initial();
    private long sweptNanos;
    private volatile int watched;

    /** @param worker its name; empty where none can be started */
    Quarantine(
            QuarantineStore store,
            Optional<String> worker,
            String pool,
            MeterRegistry meters,
            Ticker ticker,
            Executor tasks) {
        this.store = store;
        this.worker = worker;
        this.pool = pool;
        this.ticker = ticker;
        this.tasks = tasks;
        this.sweptNanos = ticker.nanos();
        MeterName.JOBS_SUSPECTED.gauge(meters, this, quarantine -> quarantine.watched);
    }

    /** True if this is the quarantine worker's name. */
    boolean is(String name) {
        return worker.filter(name::equals).isPresent();
    }

    /** True while there are suspects. */
    boolean isWatching() {
        return watched > 0;
    }

    /** What was known is another leader's business now. */
    void forget() {
        state = QuarantineDecider.State.initial();
        watched = 0;
    }

    /**
     * Takes in what a survey has found.
     *
     * @param residents by worker: its life, if a coordinator has started it
     * @param dead whether a life is over, though its row may say otherwise for a moment
     * @param with the pool's supervisor, if it may start workers
     */
    void surveyed(
            List<Suspect> suspects,
            Map<String, LiveIncarnation> residents,
            Predicate<Incarnation> dead,
            Optional<Pool> with,
            long epoch) {
        watched = suspects.size();
        sweep(epoch);
        List<JobId> others = suspects.stream()
                .filter(suspect -> !suspect.pool().equals(pool))
                .map(Suspect::id)
                .toList();
        if (!others.isEmpty()) {
            release(others, epoch); // nobody here starts a worker of their pool
        }
        Optional<LiveIncarnation> resident = worker.flatMap(name -> Optional.ofNullable(residents.get(name)))
                .filter(row -> !dead.test(row.incarnation()));
        if (resident.isPresent() && with.isPresent()) {
            with.get()
                    .startQuarantine(
                            resident.get().incarnation().worker()); // one that a coordinator before had started
        }
        if (worker.isPresent() && with.isEmpty()) {
            return; // the pool was given up, or ends: they wait with their queues
        }
        List<Suspect> mine =
                suspects.stream().filter(suspect -> suspect.pool().equals(pool)).toList();
        QuarantineDecider.Decision decision = QuarantineDecider.decide(state, mine, seen(resident), ticker.nanos());
        state = decision.next();
        decision.effect().ifPresent(effect -> carryOut(effect, with, epoch));
    }

    private Worker seen(Optional<LiveIncarnation> resident) {
        if (worker.isEmpty()) {
            return new Worker.Impossible();
        }
        if (resident.isEmpty()) {
            return new Worker.Absent();
        }
        return resident.get().process().healthPort() == null
                ? new Worker.Starting()
                : new Worker.Ready(resident.get().incarnation());
    }

    private void carryOut(Effect effect, Optional<Pool> with, long epoch) {
        switch (effect) {
            case Effect.Start() -> {
                LOG.info("{} jobs are suspected of killing their worker; starts {}", watched, worker.orElse(""));
                with.ifPresent(it -> it.startQuarantine(worker.orElseThrow()));
            }
            case Effect.Stop() -> {
                LOG.info("There are no suspects any more; stops {}", worker.orElse(""));
                with.ifPresent(it -> it.stop(worker.orElseThrow()));
            }
            case Effect.Lend(List<JobId> jobs, Incarnation to) -> {
                LOG.info("Lends {} suspects to {}", jobs.size(), to);
                ask("lent", () -> store.lend(jobs, to, epoch));
            }
            case Effect.Release(List<JobId> jobs) -> release(jobs, epoch);
        }
    }

    private void release(List<JobId> jobs, long epoch) {
        LOG.warn("There is no quarantine worker for {} suspects; they run like other jobs again", jobs.size());
        ask("released", () -> store.release(jobs, epoch));
    }

    /** Now and then, also when nobody is suspected: most of those that are noted survive. */
    private void sweep(long epoch) {
        long now = ticker.nanos();
        if (now - sweptNanos >= SWEEP.toNanos()) {
            sweptNanos = now;
            ask("swept", () -> {
                if (store.any()) {
                    store.sweep(epoch);
                }
            });
        }
    }

    /** What is not answered is said again with the next survey, which sees whether it was done. */
    private void ask(String what, Runnable task) {
        tasks.execute(() -> {
            try {
                task.run();
            } catch (StoreException e) {
                LOG.warn("Suspects could not be {}: {}; tried again", what, e.getMessage());
            }
        });
    }
}
