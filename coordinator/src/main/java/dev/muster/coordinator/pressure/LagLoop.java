package dev.muster.coordinator.pressure;

import dev.muster.coordinator.loop.Loop;
import dev.muster.coordinator.pressure.Lag.PartitionLag;
import dev.muster.job.Queue;
import dev.muster.protocol.Topics;
import dev.muster.store.PressureStore;
import dev.muster.store.PressureStore.Position;
import dev.muster.store.QueueStore;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Computes every second how far each queue is behind: where its topic ends less where claiming goes on. Not the
 * client's own gauge, which shows some partitions only, a minute late. Thread-safe.
 */
public final class LagLoop implements AutoCloseable {
    private static final Duration EVERY = Duration.ofSeconds(1);
    private static final long PATIENCE_MILLIS = 5_000;
    private static final int COUNTED_WAITING = 100_000;
    private static final double SMOOTHING = 0.3;

    private final Admin admin;
    private final QueueStore queueStore;
    private final PressureStore pressure;
    private final Ticker ticker;
    private final MeterRegistry meters;
    private final Map<String, Long> gauges = new ConcurrentHashMap<>();
    private volatile Backlog backlog = new Backlog(List.of(), 0, 0);
    private Optional<Loop> loop = Optional.empty();

    // Confined to the loop's thread.
    private final Map<String, Progress> progress = new HashMap<>();

    public LagLoop(Admin admin, QueueStore queues, PressureStore pressure, Ticker ticker, MeterRegistry meters) {
        this.admin = admin;
        this.queueStore = queues;
        this.pressure = pressure;
        this.ticker = ticker;
        this.meters = meters;
    }

    /**
     * What is to be done still.
     *
     * @param running jobs that run
     * @param waiting jobs that wait in Postgres; counted up to 100,000
     */
    public record Backlog(List<Lag> queues, long running, long waiting) {
        public Backlog {
            queues = List.copyOf(queues);
        }
    }

    private record Progress(long claimed, long atNanos, double perSecond) {}

    public synchronized void start() {
        loop = Optional.of(Loop.start("pressure", EVERY, this::runOnce));
    }

    /** As of the last second. */
    public Backlog backlog() {
        return backlog;
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
    }

    private void runOnce() throws InterruptedException {
        List<Queue> queues = queueStore.list();
        Map<TopicPartition, Position> positions = pressure.positions().stream()
                .collect(Collectors.toMap(
                        p -> new TopicPartition(Topics.jobs(p.queue()), p.partition()), position -> position));
        Map<TopicPartition, Long> ends = ends(queues, OffsetSpec.latest());
        // Where nothing was ever claimed, the backlog begins at the log's start.
        Map<TopicPartition, Long> starts = starts(ends, positions);
        List<Lag> lags = new ArrayList<>();
        for (Queue queue : queues) {
            lags.add(lag(queue, ends, starts, positions));
        }
        backlog = new Backlog(lags, pressure.running(), pressure.waiting(COUNTED_WAITING));
        lags.forEach(this::show);
    }

    private Lag lag(
            Queue queue,
            Map<TopicPartition, Long> ends,
            Map<TopicPartition, Long> starts,
            Map<TopicPartition, Position> positions) {
        List<PartitionLag> partitions = new ArrayList<>();
        long claimed = 0;
        for (int i = 0; i < queue.partitions(); i++) {
            TopicPartition partition = new TopicPartition(Topics.jobs(queue.name()), i);
            Position position = positions.get(partition);
            long end = ends.getOrDefault(partition, 0L);
            long next = position == null ? starts.getOrDefault(partition, 0L) : position.nextOffset();
            claimed += position == null ? 0 : position.nextOffset();
            partitions.add(
                    new PartitionLag(i, Math.max(0, end - next), position == null ? "" : position.incarnation()));
        }
        long records = partitions.stream().mapToLong(PartitionLag::records).sum();
        return new Lag(queue.name(), queue.pool(), queue.paused(), records, partitions, rate(queue.name(), claimed));
    }

    private double rate(String queue, long claimed) {
        long now = ticker.nanos();
        Progress before = progress.get(queue);
        double perSecond = 0;
        if (before != null && now > before.atNanos()) {
            double momentary = Math.max(0, claimed - before.claimed()) * 1e9 / (now - before.atNanos());
            double smoothed = SMOOTHING * momentary + (1 - SMOOTHING) * before.perSecond();
            perSecond = smoothed < 0.01 ? 0 : smoothed;
        }
        progress.put(queue, new Progress(claimed, now, perSecond));
        return perSecond;
    }

    private Map<TopicPartition, Long> ends(List<Queue> queues, OffsetSpec spec) throws InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        queues.forEach(queue -> {
            for (int i = 0; i < queue.partitions(); i++) {
                wanted.put(new TopicPartition(Topics.jobs(queue.name()), i), spec);
            }
        });
        return offsets(wanted);
    }

    private Map<TopicPartition, Long> starts(Map<TopicPartition, Long> ends, Map<TopicPartition, Position> positions)
            throws InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        ends.forEach((partition, end) -> {
            if (end > 0 && !positions.containsKey(partition)) {
                wanted.put(partition, OffsetSpec.earliest());
            }
        });
        return offsets(wanted);
    }

    private Map<TopicPartition, Long> offsets(Map<TopicPartition, OffsetSpec> wanted) throws InterruptedException {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        if (wanted.isEmpty()) {
            return offsets;
        }
        ListOffsetsResult result = admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED));
        for (TopicPartition partition : wanted.keySet()) {
            try {
                offsets.put(
                        partition,
                        result.partitionResult(partition)
                                .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                                .offset());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof org.apache.kafka.common.errors.UnknownTopicOrPartitionException)) {
                    throw new KafkaException("can't read the end of " + partition + ": " + e.getCause(), e);
                }
            } catch (TimeoutException e) {
                throw new KafkaException("can't read the end of " + partition + " within 5 s", e);
            }
        }
        return offsets;
    }

    private void show(Lag lag) {
        Long known = gauges.put(lag.queue(), lag.records());
        if (known == null) {
            MeterName.CONSUMER_LAG.gauge(
                    meters,
                    gauges,
                    all -> all.getOrDefault(lag.queue(), 0L),
                    Topics.group(lag.pool()),
                    Topics.jobs(lag.queue()));
        }
    }
}
