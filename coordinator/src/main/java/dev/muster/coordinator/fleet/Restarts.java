package dev.muster.coordinator.fleet;

import dev.muster.coordinator.recovery.Death;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The restarts that a pool's supervisor does: counted, and with a pause for a worker that breaks several times in a row.
 * Whether there is a restart is the supervisor's own decision. Thread-safe; guarded by its monitor.
 */
final class Restarts {
    private static final Logger LOG = LoggerFactory.getLogger(Restarts.class);

    private final FleetRules rules;
    private final MeterRegistry meters;
    private final Ticker ticker;
    private final Map<String, Streak> streaks = new HashMap<>();

    Restarts(FleetRules rules, MeterRegistry meters, Ticker ticker) {
        this.rules = rules;
        this.meters = meters;
        this.ticker = ticker;
        for (String reason : List.of("crash", "heartbeat_lost", "requested")) {
            MeterName.SUPERVISOR_RESTARTS.counter(meters, rules.pool(), reason);
        }
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, rules.pool());
    }

    /** Restarts of one worker in a row; one that has lived long enough to have worked begins a new one. */
    private record Streak(int length, long lastNanos) {}

    /** A worker is started again after this death; returns how long that has to wait. */
    synchronized Duration after(Death death) {
        MeterName.SUPERVISOR_RESTARTS
                .counter(meters, rules.pool(), death.restartReason())
                .increment();
        String worker = death.incarnation().worker();
        if (death.isOrderly()) {
            return Duration.ZERO;
        }
        int inARow = inARow(worker);
        Duration pause = rules.backoff().before(inARow, RandomGenerator.getDefault());
        LOG.info("Restarts {} in {} ms, restart {} in a row", worker, pause.toMillis(), inARow);
        return pause;
    }

    private int inARow(String worker) {
        long now = ticker.nanos();
        long proven = rules.backoff().proven().toNanos();
        int length = Optional.ofNullable(streaks.get(worker))
                        .filter(before -> now - before.lastNanos() <= proven)
                        .map(Streak::length)
                        .orElse(0)
                + 1;
        streaks.put(worker, new Streak(length, now));
        return length;
    }

    void escalated() {
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, rules.pool()).increment();
    }
}
