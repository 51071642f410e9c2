package dev.muster.coordinator.fleet;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.recovery.Death;
import dev.muster.store.PoolStore;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool's standing, once its supervisor gives up: on record in Postgres, so that it holds under the next leader too,
 * until an operator takes it off. Confined to the fleet's thread; what waits for Postgres runs elsewhere.
 */
final class Escalation {
    private static final Logger LOG = LoggerFactory.getLogger(Escalation.class);

    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final PoolStore pools;
    private final Leadership leadership;
    private final String pool;
    private final Consumer<FleetMessage> told;
    private final Executor tasks;
    private Standing standing = Standing.RUNNING;

    Escalation(PoolStore pools, Leadership leadership, String pool, Consumer<FleetMessage> told, Executor tasks) {
        this.pools = pools;
        this.leadership = leadership;
        this.pool = pool;
        this.told = told;
        this.tasks = tasks;
    }

    /**
     * Why a pool is given up.
     *
     * @param summary what happened and what to do, for a human
     * @param worker whose death it was
     * @param lastLines of its log
     */
    record Reason(String summary, String worker, List<String> lastLines) {
        /** One restart too many, after this death of this worker. */
        static Reason of(FleetRules rules, String worker, Optional<Death> last) {
            int restarts = rules.flags().intensity() + 1;
            return new Reason(
                    "Pool " + rules.pool() + " is given up: " + restarts + " restarts within "
                            + rules.flags().period() + ", more than "
                            + rules.flags().intensity() + ". Its workers drain and its queues are paused. Read the "
                            + "workers' logs, remove the cause, then: muster fleet restart " + rules.pool(),
                    worker,
                    last.orElse(null) instanceof Death.Exit exit ? exit.report().lastLines() : List.of());
        }
    }

    private enum Standing {
        RUNNING,
        /** Given up, and not on record yet. */
        UNRECORDED,
        /** On record just now; a survey that is under way may not have seen it. */
        WRITTEN,
        /** Off the record again means that an operator wants it back. */
        RECORDED
    }

    /** A new leader knows nothing until it has read the record. */
    void forget() {
        standing = Standing.RUNNING;
    }

    boolean isGivenUp() {
        return standing != Standing.RUNNING;
    }

    void giveUp(Reason why, long epoch) {
        if (standing == Standing.RUNNING) {
            LOG.error(why.summary());
            standing = Standing.UNRECORDED;
            tasks.execute(() -> record(why, epoch));
        }
    }

    /** That it is given up is on record, by this leader. */
    void written() {
        if (standing == Standing.UNRECORDED) {
            standing = Standing.WRITTEN;
        }
    }

    /** Takes in whether the pool stands on record as given up. */
    void surveyed(boolean onRecord) {
        standing = switch (standing) {
            case RUNNING -> {
                if (onRecord) {
                    LOG.error(
                            "Pool {} was given up; no worker of it is started until muster fleet restart {}",
                            pool,
                            pool);
                }
                yield onRecord ? Standing.RECORDED : Standing.RUNNING;
            }
            case UNRECORDED -> onRecord ? Standing.RECORDED : Standing.UNRECORDED;
            // RACE: one survey at a time, so the next one begins after the record was written.
            case WRITTEN -> Standing.RECORDED;
            case RECORDED -> {
                if (!onRecord) {
                    LOG.info("Pool {} is started again", pool);
                }
                yield onRecord ? Standing.RECORDED : Standing.RUNNING;
            }
        };
    }

    private void record(Reason why, long epoch) {
        try {
            pools.giveUp(pool, why.summary(), Map.of("worker", why.worker(), "last_log_lines", why.lastLines()), epoch);
            told.accept(new FleetMessage.GivenUp(epoch));
        } catch (StoreException e) {
            LOG.warn("That pool {} is given up could not be recorded: {}; tried again", pool, e.getMessage());
            if (leadership.leads(epoch)) {
                CompletableFuture.delayedExecutor(AGAIN.toNanos(), TimeUnit.NANOSECONDS, tasks)
                        .execute(() -> record(why, epoch));
            }
        }
    }
}
