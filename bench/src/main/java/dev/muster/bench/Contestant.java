package dev.muster.bench;

import dev.muster.bench.bare.BareLoop;
import dev.muster.bench.peer.DbSchedulerPeer;
import dev.muster.bench.peer.JobRunrPeer;
import dev.muster.bench.peer.ParallelConsumerPeer;
import dev.muster.bench.peer.PlainListener;
import dev.muster.bench.trial.Backlog;
import dev.muster.bench.trial.JvmTrial;
import dev.muster.bench.trial.MusterTrial;
import dev.muster.bench.trial.Trial;
import dev.muster.store.QueueStore;
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
    MUSTER_WINDOW,
    /** Muster with a long history and a backlog of jobs that are due in days. */
    MUSTER_BACKLOG,
    /** {@link DbSchedulerPeer}. */
    DB_SCHEDULER,
    /** {@link JobRunrPeer}. */
    JOBRUNR,
    /** {@link ParallelConsumerPeer}. */
    PARALLEL_CONSUMER,
    /** {@link PlainListener}. */
    LISTENER;

    /** What is the same for all runs of a measurement. */
    record Setup(int partitions, MusterTrial.Workers workers, Backlog backlog) {}

    Trial trial(BenchServers servers, String name, Workload workload, long jobs, Setup setup) {
        return switch (this) {
            case BARE -> jvm(servers, name, BareLoop.class, jobs, setup, "3", Boolean.toString(workload.isKeyed()));
            case DB_SCHEDULER -> jvm(servers, name, DbSchedulerPeer.class, jobs, setup, JvmTrial.RUN);
            case JOBRUNR -> jvm(servers, name, JobRunrPeer.class, jobs, setup, JvmTrial.RUN);
            case PARALLEL_CONSUMER ->
                jvm(servers, name, ParallelConsumerPeer.class, jobs, setup, workload.isKeyed() ? "keyed" : "");
            case LISTENER -> jvm(servers, name, PlainListener.class, jobs, setup);
            case MUSTER -> muster(servers, name, workload, setup, Optional.empty(), Backlog.NONE);
            case MUSTER_WINDOW ->
                muster(servers, name, workload, setup, Optional.of(QueueStore.DEFAULT_DUPLICATE_WINDOW), Backlog.NONE);
            case MUSTER_BACKLOG -> muster(servers, name, workload, setup, Optional.empty(), setup.backlog());
        };
    }

    private static Trial jvm(
            BenchServers servers, String name, Class<?> main, long jobs, Setup setup, String... arguments) {
        return new JvmTrial(servers, name, main, setup.partitions(), jobs, List.of(arguments));
    }

    private static Trial muster(
            BenchServers servers,
            String name,
            Workload workload,
            Setup setup,
            Optional<Duration> window,
            Backlog backlog) {
        return new MusterTrial(
                servers, name, workload, new MusterTrial.Setup(window, setup.partitions(), setup.workers(), backlog));
    }

    /**
     * How many jobs of a run of so many it gets: who is slower by an order of magnitude is given fewer, so that a run
     * of it still takes seconds and not minutes.
     */
    long share(long jobs) {
        return switch (this) {
            case BARE, MUSTER, MUSTER_WINDOW, MUSTER_BACKLOG -> jobs;
            case DB_SCHEDULER, PARALLEL_CONSUMER, LISTENER -> Math.min(jobs, 100_000);
            case JOBRUNR -> Math.min(jobs, 40_000);
        };
    }

    boolean isMuster() {
        return this == MUSTER || this == MUSTER_WINDOW || this == MUSTER_BACKLOG;
    }

    /** All that begin with an empty store. */
    static List<Contestant> all() {
        return Arrays.stream(values()).filter(c -> c != MUSTER_BACKLOG).toList();
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
