package dev.muster.coordinator.fleet;

import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.ExitCode;
import dev.muster.store.IncidentStore;
import dev.muster.store.StoreException;
import dev.muster.telemetry.MeterName;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a dead worker is started again, and when: {@link RestartDecider} with its memory, and what is told of its
 * decisions. Confined to the fleet's thread.
 */
final class Restarts {
    private static final Logger LOG = LoggerFactory.getLogger(Restarts.class);

    private final RestartRules spec;
    private final String pool;
    private final IncidentStore incidents;
    private final MeterRegistry meters;
    private final Executor tasks;
    private RestartMemory state = RestartMemory.initial();

    Restarts(RestartRules spec, String pool, IncidentStore incidents, MeterRegistry meters, Executor tasks) {
        this.spec = spec;
        this.pool = pool;
        this.incidents = incidents;
        this.meters = meters;
        this.tasks = tasks;
        for (String reason : List.of("crash", "heartbeat_lost", "requested")) {
            MeterName.SUPERVISOR_RESTARTS.counter(meters, spec.name(), reason);
        }
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, spec.name());
    }

    /** What was decided. */
    sealed interface Verdict {
        /** Start it after the delay. */
        record In(Duration delay) implements Verdict {}

        /** Leave it down; an incident says what to do. */
        record Never() implements Verdict {}
    }

    /** A new leader begins with a clean slate, as a restarted supervisor does. */
    void forget() {
        state = RestartMemory.initial();
    }

    /** What follows from a death whose fence stands. */
    Verdict after(Death death, long nowNanos, long epoch) {
        String worker = death.incarnation().worker();
        if (death instanceof Death.Exit exit && exit.report().code().orElse(-1) == ExitCode.BAD_CONFIGURATION.code()) {
            String summary = "Worker " + worker + " says that its configuration is wrong; it is not started again. "
                    + "Read its log, correct the configuration and restart the coordinator";
            giveUp(worker, summary, exit.report().lastLines(), epoch);
            return new Verdict.Never();
        }
        RestartDecider.Decision decision =
                RestartDecider.ended(spec, state, worker, nowNanos, RandomGenerator.getDefault());
        state = decision.next();
        return switch (decision.effect()) {
            case RestartDecider.Effect.Restart(String child, int inARow, Duration delay) -> {
                MeterName.SUPERVISOR_RESTARTS
                        .counter(meters, spec.name(), death.restartReason())
                        .increment();
                LOG.info("Restarts {} in {} ms, restart {} in a row", child, delay.toMillis(), inARow);
                yield new Verdict.In(delay);
            }
            case RestartDecider.Effect.GiveUp(int restarts) -> {
                String summary = "Pool " + pool + " is given up: " + restarts + " restarts within " + spec.period()
                        + ", more than " + spec.intensity() + ". No worker of it is started again. Read the workers' "
                        + "logs, remove the cause and restart the coordinator";
                giveUp(worker, summary, List.of(), epoch);
                yield new Verdict.Never();
            }
            case RestartDecider.Effect.StayDown() -> new Verdict.Never();
        };
    }

    private void giveUp(String worker, String summary, List<String> lastLines, long epoch) {
        LOG.error(summary);
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, spec.name()).increment();
        tasks.execute(() -> {
            try {
                incidents.open(
                        "pool_given_up", pool, summary, Map.of("worker", worker, "last_log_lines", lastLines), epoch);
            } catch (StoreException e) {
                LOG.warn("The incident could not be recorded: {}", e.getMessage());
            }
        });
    }
}
