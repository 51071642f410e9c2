package dev.muster.coordinator.recovery;

import dev.muster.telemetry.MeterName;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** When each step of a recovery was done, counted from the detection. Guarded by its monitor. */
final class Steps {
    private static final Logger LOG = LoggerFactory.getLogger(Steps.class);

    private final Death death;
    private final MeterRegistry meters;
    private final LongSupplier nanos;
    private final long detectedNanos;
    private final Map<String, Object> detail = new LinkedHashMap<>();

    Steps(Death death, MeterRegistry meters, LongSupplier nanos) {
        this.death = death;
        this.meters = meters;
        this.nanos = nanos;
        this.detectedNanos = nanos.getAsLong();
    }

    /** The steps, in order. */
    enum Step {
        FENCE,
        KILL,
        EVICT,
        RESTART;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    synchronized void done(Step step, Object result) {
        long took = nanos.getAsLong() - detectedNanos;
        MeterName.FAILOVER.timer(meters, step.wireName()).record(took, TimeUnit.NANOSECONDS);
        detail.put(step.wireName(), result.toString().toLowerCase(Locale.ROOT));
        detail.put(step.wireName() + "_ms", millis(took));
        LOG.atInfo()
                .addKeyValue("incarnation", death.incarnation())
                .addKeyValue("step", step.wireName())
                .log("Recovery of {}: {} {} after {} ms", death.incarnation(), step.wireName(), result, millis(took));
    }

    /** Something else that the incident should tell. */
    synchronized void note(String name, Object value) {
        detail.put(name, value);
    }

    synchronized Map<String, Object> detail() {
        return new LinkedHashMap<>(detail);
    }

    /** With a tenth, since a fence may take less than one. */
    private static double millis(long took) {
        return Math.round(took / 1e5) / 10.0;
    }
}
