package dev.muster.coordinator.liveness;

import dev.muster.coordinator.liveness.LivenessState.Watched;
import dev.muster.coordinator.loop.Loop;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.protocol.Topics;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the heartbeat topic and has {@link LivenessDecider} judge. A plain consumer on all partitions and a thread of
 * its own: neither a rebalance nor other work can delay a verdict. Leaders and standbys read alike, so that a new leader
 * knows the fleet; verdicts go to whoever listens, who acts only while it leads. Thread-safe; the state is confined to
 * the loop's thread and published after each round.
 */
public final class LivenessLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LivenessLoop.class);
    /** A heartbeat ends a fetch; one that comes back empty costs the broker as much. */
    private static final Duration FETCH_WAIT = Duration.ofMillis(500);

    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration END_OFFSETS = Duration.ofMillis(250);

    private final KafkaClients clients;
    private final Admin admin;
    private final LivenessDecider decider;
    private final Ticker ticker;
    private final Consumer<LivenessEffect> verdicts;
    private final Counters counters;
    private final HealthPort health = new HealthPort();
    private final Queue<LivenessEvent> mailbox = new ConcurrentLinkedQueue<>();
    private volatile LivenessState state = LivenessState.initial();
    private Optional<org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> reader = Optional.empty();
    private Optional<Loop> loop = Optional.empty();

    /**
     * Made, not started.
     *
     * @param admin its own, by which it asks where the topic ends: on the reader's connection a broker answers only after
     *     the fetch, and behind what others ask of an admin a round could take so long that it counts as a pause
     * @param verdicts is told every effect but {@link LivenessEffect.Probe}, on the loop's thread; must not wait
     */
    public LivenessLoop(
            KafkaClients clients,
            Admin admin,
            LivenessConfig config,
            Ticker ticker,
            Consumer<LivenessEffect> verdicts,
            MeterRegistry meters) {
        this.clients = clients;
        this.admin = admin;
        this.decider = new LivenessDecider(config);
        this.ticker = ticker;
        this.verdicts = verdicts;
        this.counters = new Counters(meters);
        for (WorkerStatus status : WorkerStatus.values()) {
            MeterName.WORKERS.gauge(meters, this, l -> l.count(status), status.wireName());
        }
        MeterName.HEARTBEAT_AGE_MAX.gauge(meters, this, LivenessLoop::oldestHeartbeatSeconds);
    }

    private record Counters(Counter ok, Counter stale, Counter invalid) {
        Counters(MeterRegistry meters) {
            this(
                    MeterName.HEARTBEATS.counter(meters, "ok"),
                    MeterName.HEARTBEATS.counter(meters, "stale_epoch"),
                    MeterName.HEARTBEATS.counter(meters, "invalid"));
        }
    }

    public synchronized void start() {
        loop = Optional.of(Loop.start("liveness", Duration.ZERO, this::runOnce));
    }

    /** Tells the loop something; it is taken in within a round. */
    public void tell(LivenessEvent event) {
        mailbox.add(event);
    }

    /** What is known now. */
    public LivenessState state() {
        return state;
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
        reader.ifPresent(consumer ->
                consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1))));
        health.close();
    }

    private void runOnce() throws InterruptedException {
        var consumer = openReader();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            read(record);
        }
        for (LivenessEvent event = mailbox.poll(); event != null; event = mailbox.poll()) {
            take(event);
        }
        boolean readToEnd = decider.isAnyoneSilent(state, ticker.nanos()) && isReadToEnd(consumer);
        take(new LivenessEvent.Tick(readToEnd));
    }

    private org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> openReader() {
        if (reader.isEmpty()) {
            var consumer = clients.reader("muster-liveness", FETCH_WAIT);
            var partitions = consumer.partitionsFor(Topics.HEARTBEATS).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            reader = Optional.of(consumer);
        }
        return reader.get();
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        Optional<Heartbeat> heartbeat =
                record.value() == null ? Optional.empty() : HeartbeatCodec.decode(record.value());
        if (heartbeat.isEmpty()) {
            counters.invalid().increment();
            return;
        }
        if (state.ended().contains(heartbeat.get().incarnation())) {
            counters.stale().increment();
            return;
        }
        counters.ok().increment();
        take(new LivenessEvent.Heard(heartbeat.get()));
    }

    /** Asks the brokers where the topic ends now. While they don't answer, silence proves nothing. */
    private boolean isReadToEnd(org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> consumer)
            throws InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted =
                consumer.assignment().stream().collect(Collectors.toMap(tp -> tp, _ -> OffsetSpec.latest()));
        try {
            Map<TopicPartition, ListOffsetsResultInfo> ends = admin.listOffsets(
                            wanted, new ListOffsetsOptions().timeoutMs((int) END_OFFSETS.toMillis()))
                    .all()
                    .get(END_OFFSETS.toMillis(), TimeUnit.MILLISECONDS);
            return ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey(), END_OFFSETS)
                            >= end.getValue().offset());
        } catch (TimeoutException | java.util.concurrent.TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RetriableException) {
                return false;
            }
            throw new KafkaException("can't ask where the heartbeats end", e.getCause());
        }
    }

    private void take(LivenessEvent event) {
        LivenessDecider.Decision decision = decider.decide(state, event, ticker.nanos());
        state = decision.next();
        decision.effects().forEach(this::run);
    }

    private void run(LivenessEffect effect) {
        switch (effect) {
            case LivenessEffect.Probe(Incarnation incarnation) -> probe(incarnation);
            case LivenessEffect.Changed(
                    Incarnation incarnation,
                    WorkerStatus from,
                    WorkerStatus to,
                    Duration silence) -> {
                LOG.atLevel(to == WorkerStatus.HEALTHY ? org.slf4j.event.Level.INFO : org.slf4j.event.Level.WARN)
                        .addKeyValue("incarnation", incarnation)
                        .log(
                                "Worker {} is {}, was {}, silent for {} ms",
                                incarnation,
                                to.wireName(),
                                from.wireName(),
                                silence.toMillis());
                verdicts.accept(effect);
            }
            case LivenessEffect.Lost _, LivenessEffect.HoldBegan _, LivenessEffect.HoldEnded _ ->
                verdicts.accept(effect);
        }
    }

    private void probe(Incarnation incarnation) {
        Optional<HealthAddress> address =
                Optional.ofNullable(state.workers().get(incarnation)).flatMap(Watched::health);
        Thread.ofVirtual().name("probe-" + incarnation).start(() -> {
            boolean answered =
                    address.filter(at -> health.answersAs(incarnation, at)).isPresent();
            tell(new LivenessEvent.Probed(incarnation, answered));
        });
    }

    private double count(WorkerStatus status) {
        return state.workers().values().stream()
                .filter(w -> w.status() == status)
                .count();
    }

    private double oldestHeartbeatSeconds() {
        long now = ticker.nanos();
        return state.workers().values().stream()
                        .filter(Watched::heard)
                        .mapToLong(w -> now - w.freshSinceNanos())
                        .max()
                        .orElse(0)
                / 1e9;
    }
}
