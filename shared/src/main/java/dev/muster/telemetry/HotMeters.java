package dev.muster.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The meters that every job passes. To look one up in a registry means to build its name, its tags and the bounds of its
 * histogram anew, which takes longer than to count; here it is done once for each series. Keeps as many as the registry
 * does. Thread-safe.
 */
public final class HotMeters {
    private final MeterRegistry registry;
    private final Map<Series, Counter> counters = new ConcurrentHashMap<>();
    private final Map<Series, Timer> timers = new ConcurrentHashMap<>();

    public HotMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    /** A meter of one or two tags. */
    private record Series(MeterName name, String first, String second) {
        String[] values() {
            return name.tags().size() == 1 ? new String[] {first} : new String[] {first, second};
        }
    }

    /** The counter of a name with one tag. */
    public Counter counter(MeterName name, String value) {
        return counter(name, value, "");
    }

    /** The counter of a name with two tags. */
    public Counter counter(MeterName name, String first, String second) {
        return counters.computeIfAbsent(
                new Series(name, first, second), series -> series.name().counter(registry, series.values()));
    }

    /** The timer of a name with one tag. */
    public Timer timer(MeterName name, String value) {
        return timer(name, value, "");
    }

    /** The timer of a name with two tags. */
    public Timer timer(MeterName name, String first, String second) {
        return timers.computeIfAbsent(
                new Series(name, first, second), series -> series.name().timer(registry, series.values()));
    }
}
