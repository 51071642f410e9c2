package dev.muster.coordinator.fleet;

import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.ExitCode;
import dev.muster.telemetry.MeterName;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
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
    private final MeterRegistry meters;
    private RestartMemory state = RestartMemory.initial();

    Restarts(RestartRules spec, String pool, MeterRegistry meters) {
        this.spec = spec;
        this.pool = pool;
        this.meters = meters;
        for (String reason : List.of("crash", "heartbeat_lost", "requested")) {
            MeterName.SUPERVISOR_RESTARTS.counter(meters, spec.name(), reason);
        }
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, spec.name());
    }

    /** What was decided. */
    sealed interface Verdict {
        /** Start it after the delay. */
        record In(Duration delay) implements Verdict {}

        /** Leave it down: the pool was given up before. */
        record Never() implements Verdict {}

        /** Leave this one down, since its configuration would not get better by a restart; the others may run well. */
        record Misconfigured(String summary) implements Verdict {}

        /**
         * Give the whole pool up.
         *
         * @param summary what happened and what to do, for a human
         * @param worker whose death it was
         */
        record GiveUp(String summary, String worker, List<String> lastLines) implements Verdict {}
    }

    /** A new leader begins with a clean slate, as a restarted supervisor does; so does a pool that was brought back. */
    void forget() {
        state = RestartMemory.initial();
    }

    /** What follows from a death whose fence stands. */
    Verdict after(Death death, long nowNanos) {
        String worker = death.incarnation().worker();
        if (death instanceof Death.Exit exit && exit.report().code().orElse(-1) == ExitCode.BAD_CONFIGURATION.code()) {
            return new Verdict.Misconfigured("Worker " + worker + " says that its configuration is wrong; it is not "
                    + "started again. Read its log, correct the configuration and restart the coordinator");
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
            case RestartDecider.Effect.GiveUp(int restarts) ->
                giveUp(
                        death,
                        "Pool " + pool + " is given up: " + restarts + " restarts within " + spec.period()
                                + ", more than " + spec.intensity()
                                + ". Its workers drain and its queues are paused. Read the workers' logs, remove the "
                                + "cause, then: muster fleet restart " + pool);
            case RestartDecider.Effect.StayDown() -> new Verdict.Never();
        };
    }

    private Verdict giveUp(Death death, String summary) {
        MeterName.SUPERVISOR_ESCALATIONS.counter(meters, spec.name()).increment();
        List<String> lastLines =
                death instanceof Death.Exit exit ? exit.report().lastLines() : List.of();
        return new Verdict.GiveUp(summary, death.incarnation().worker(), lastLines);
    }
}
