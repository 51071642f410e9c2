package dev.muster.coordinator.fleet;

import dev.muster.fleet.Incarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.PoolStore;
import dev.muster.store.StoreException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool's standing, once its supervisor gives up: on record in Postgres, so that it holds under the next leader too,
 * until an operator takes it off. Confined to the fleet's thread; what waits for Postgres runs elsewhere.
 */
final class Escalation {
    private static final Logger LOG = LoggerFactory.getLogger(Escalation.class);

    private final PoolStore pools;
    private final IncidentStore incidents;
    private final String pool;
    private final Executor tasks;
    private Standing standing = new Standing.Running();

    Escalation(PoolStore pools, IncidentStore incidents, String pool, Executor tasks) {
        this.pools = pools;
        this.incidents = incidents;
        this.pool = pool;
        this.tasks = tasks;
    }

    private sealed interface Standing {
        record Running() implements Standing {}

        /** Given up, and not seen on record yet. */
        record Unrecorded(Restarts.Verdict.GiveUp why) implements Standing {}

        record Recorded() implements Standing {}
    }

    /** What a look at the record asks of the fleet. */
    enum Change {
        /** A leader before this one gave the pool up. */
        STOP,
        /** An operator has taken it off the record. */
        START
    }

    /** A new leader knows nothing until it has read the record. */
    void forget() {
        standing = new Standing.Running();
    }

    boolean isGivenUp() {
        return !(standing instanceof Standing.Running);
    }

    void giveUp(Restarts.Verdict.GiveUp why, long epoch) {
        if (standing instanceof Standing.Running) {
            LOG.error(why.summary());
            standing = new Standing.Unrecorded(why);
            record(why, epoch);
        }
    }

    /** One worker stays down; the pool goes on without it. */
    void leaveDown(Incarnation incarnation, String summary, long epoch) {
        LOG.error(summary);
        tasks.execute(() -> {
            try {
                incidents.open("worker_misconfigured", incarnation.worker(), summary, Map.of(), epoch);
            } catch (StoreException e) {
                LOG.warn("The incident could not be recorded: {}", e.getMessage());
            }
        });
    }

    /** Takes in whether the pool stands on record as given up. */
    Optional<Change> surveyed(boolean onRecord, long epoch) {
        return switch (standing) {
            case Standing.Running _
            when onRecord -> {
                LOG.error("Pool {} was given up; no worker of it is started until muster fleet restart {}", pool, pool);
                standing = new Standing.Recorded();
                yield Optional.of(Change.STOP);
            }
            case Standing.Unrecorded _
            when onRecord -> {
                standing = new Standing.Recorded();
                yield Optional.empty();
            }
            case Standing.Unrecorded(Restarts.Verdict.GiveUp why) -> {
                record(why, epoch);
                yield Optional.empty();
            }
            case Standing.Recorded _
            when !onRecord -> {
                LOG.info("Pool {} is started again", pool);
                standing = new Standing.Running();
                yield Optional.of(Change.START);
            }
            case Standing.Running _, Standing.Recorded _ -> Optional.empty();
        };
    }

    private void record(Restarts.Verdict.GiveUp why, long epoch) {
        tasks.execute(() -> {
            try {
                pools.giveUp(
                        pool, why.summary(), Map.of("worker", why.worker(), "last_log_lines", why.lastLines()), epoch);
            } catch (StoreException e) {
                LOG.warn("That pool {} is given up could not be recorded: {}; tried again", pool, e.getMessage());
            }
        });
    }
}
