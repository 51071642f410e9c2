package dev.muster.bench.micro;

import static java.util.Objects.requireNonNull;

import dev.muster.bench.BenchServers;
import dev.muster.config.Settings;
import dev.muster.embedded.FileTree;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.Claim;
import dev.muster.store.Database;
import dev.muster.store.Groups;
import dev.muster.store.IncarnationStore;
import dev.muster.store.Migrations;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.QueueStore;
import dev.muster.store.TakeOver;
import dev.muster.time.Ticker;
import dev.muster.worker.intake.SubmissionReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A batch of 1,000 jobs is claimed and settled by one connection, against a real Postgres. Both in one operation, since
 * what is settled has to be claimed first; the claim's share is counted apart.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class StoreBenchmark {
    private static final int BATCH = 1_000;
    private static final Queue QUEUE = new Queue("bench", Ordering.NONE, "bench", 8, Optional.empty(), false);

    private final UUID topic = UUID.randomUUID();
    private final SubmissionReader reader = new SubmissionReader(262_144, _ -> true);
    private final PartitionEpoch partition = new PartitionEpoch("bench", 0, 1);
    private @Nullable Path folder;
    private @Nullable BenchServers servers;
    private @Nullable Database database;
    private @Nullable OwnershipStore store;
    private final Ticker ticker = Ticker.system();
    private long position;

    /** Microseconds that claims have taken, for their share of the operation. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Share {
        public long claimMicros;
    }

    @Setup(Level.Trial)
    public void start() throws Exception {
        Path made = Files.createTempDirectory("muster-bench-");
        folder = made;
        BenchServers started = BenchServers.start(made, false);
        servers = started;
        Settings settings = started.newDatabase("micro");
        Migrations.migrate(settings);
        Database opened = Database.open(settings, "micro", 2, Optional.empty());
        database = opened;
        new QueueStore(opened).create(QUEUE);
        Incarnation me =
                new IncarnationStore(opened).mint("micro", "bench", "localhost").orElseThrow();
        OwnershipStore own = new OwnershipStore(opened, me);
        store = own;
        var _ = own.takeOver(List.of(new TakeOver(partition, topic)));
    }

    @TearDown(Level.Trial)
    public void stop() throws IOException {
        if (database != null) {
            database.close();
        }
        if (servers != null) {
            servers.close();
        }
        if (folder != null) {
            FileTree.delete(folder);
        }
    }

    @Benchmark
    public int claimAndSettle(Share share) {
        OwnershipStore own = requireNonNull(store);
        List<Claim.Entry> entries = LongStream.range(position, position + BATCH)
                .mapToObj(i -> reader.read(0, DecodeBenchmark.record(i), QUEUE, topic))
                .toList();
        long begun = ticker.nanos();
        var _ = own.claim(
                new Claim(List.of(new Claim.Span(partition, position, position + BATCH)), entries),
                List.of(),
                Map.of());
        share.claimMicros += (ticker.nanos() - begun) / 1_000;
        position += BATCH;
        List<Outcome> outcomes = entries.stream().map(e -> succeeded(e.id())).toList();
        return own.settle(outcomes, List.of(), List.of(), Groups.NONE).size();
    }

    private static Outcome succeeded(JobId id) {
        return new Outcome(
                id,
                1,
                Outcome.Verdict.SUCCEEDED,
                "",
                "",
                "",
                Duration.ZERO,
                Optional.of(Instant.ofEpochMilli(1_790_000_000_000L)),
                List.of());
    }
}
