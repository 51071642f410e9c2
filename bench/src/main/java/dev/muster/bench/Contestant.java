package dev.muster.bench;

import dev.muster.bench.bare.BareLoop;
import dev.muster.bench.trial.JvmTrial;
import dev.muster.bench.trial.MusterTrial;
import dev.muster.bench.trial.Trial;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Who takes part. */
enum Contestant {
    /** The limit: {@link BareLoop}. */
    BARE,
    /** Muster; its queue does not recognise repeated submissions. */
    MUSTER,
    /** Muster with the duplicate window of a payment queue. */
    MUSTER_WINDOW;

    /** What is the same for all runs of a measurement. */
    record Setup(int partitions, int slots, int lanes) {}

    Trial trial(BenchServers servers, String name, Workload workload, long jobs, Setup setup) {
        return switch (this) {
            case BARE ->
                new JvmTrial(
                        servers,
                        name,
                        BareLoop.class,
                        setup.partitions(),
                        jobs,
                        List.of("3", Boolean.toString(workload.isKeyed())));
            case MUSTER -> muster(servers, name, workload, setup, Optional.empty());
            case MUSTER_WINDOW -> muster(servers, name, workload, setup, Optional.of(Duration.ofDays(7)));
        };
    }

    private static Trial muster(
            BenchServers servers, String name, Workload workload, Setup setup, Optional<Duration> window) {
        return new MusterTrial(
                servers,
                name,
                workload,
                new MusterTrial.Setup(window, setup.partitions(), 1, setup.slots(), setup.lanes()));
    }

    String wireName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Contestant of(String name) {
        return Arrays.stream(values())
                .filter(c -> c.wireName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no contestant " + name + "; there are " + names()));
    }

    static String names() {
        return Arrays.stream(values()).map(Contestant::wireName).collect(Collectors.joining(", "));
    }
}
