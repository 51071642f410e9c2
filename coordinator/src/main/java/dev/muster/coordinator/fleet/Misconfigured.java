package dev.muster.coordinator.fleet;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.fleet.Incarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Workers that say that their configuration is wrong: a restart would not make it better, so they stay down while the
 * others run on. Each has an incident, and is started again when an operator has that closed by {@code muster fleet
 * restart}. Confined to the fleet's thread; what waits for Postgres runs elsewhere.
 */
final class Misconfigured {
    private static final Logger LOG = LoggerFactory.getLogger(Misconfigured.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final IncidentStore incidents;
    private final Leadership leadership;
    private final String pool;
    private final Consumer<FleetMessage> told;
    private final Executor tasks;
    /** The open incidents, with their workers. */
    private final Map<Long, String> open = new HashMap<>();

    Misconfigured(
            IncidentStore incidents, Leadership leadership, String pool, Consumer<FleetMessage> told, Executor tasks) {
        this.incidents = incidents;
        this.leadership = leadership;
        this.pool = pool;
        this.told = told;
        this.tasks = tasks;
    }

    void leftDown(Incarnation incarnation, long epoch) {
        String summary = "Worker " + incarnation.worker() + " says that its configuration is wrong; it is not started "
                + "again. Read its log, correct the configuration, then: muster fleet restart " + pool
                + ", or restart the coordinator if the configuration is its own";
        LOG.error(summary);
        tasks.execute(() -> record(incarnation, summary, epoch));
    }

    private void record(Incarnation incarnation, String summary, long epoch) {
        try {
            Optional<Long> id = incidents.open(
                    "worker_misconfigured",
                    incarnation.worker(),
                    summary,
                    Map.of("pool", pool, "incarnation", incarnation.id()),
                    epoch);
            id.ifPresent(known -> told.accept(new FleetMessage.Recorded(epoch, incarnation.worker(), known)));
        } catch (StoreException e) {
            LOG.warn("The incident could not be recorded: {}; tried again", e.getMessage());
            if (leadership.leads(epoch)) {
                CompletableFuture.delayedExecutor(AGAIN.toNanos(), TimeUnit.NANOSECONDS, tasks)
                        .execute(() -> record(incarnation, summary, epoch));
            }
        }
    }

    void recorded(String worker, long incident) {
        open.put(incident, worker);
    }

    /** The incidents whose end is waited for. */
    Set<Long> incidents() {
        return Set.copyOf(open.keySet());
    }

    /** Takes in which of them an operator has had closed; returns the workers that are to be started again. */
    List<String> closed(Set<Long> ids) {
        List<String> workers =
                ids.stream().filter(open::containsKey).map(open::get).distinct().toList();
        open.keySet().removeAll(ids);
        return workers;
    }

    void forget() {
        open.clear();
    }
}
