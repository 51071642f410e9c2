package dev.muster.worker;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.Incarnation;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Topics;
import dev.muster.store.Database;
import dev.muster.store.QueueStore;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.Handlers;
import dev.muster.worker.heartbeat.HealthServer;
import dev.muster.worker.payments.PaymentChargeHandler;
import dev.muster.worker.payments.PaymentGateway;
import dev.muster.worker.spare.Spare;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;

/**
 * What a spare does so that its start is quick when it comes: it makes each thing that a worker is made of, uses it once
 * for something without consequences, and lets it go. All of it is read or thrown away; nothing has a name that could be
 * taken for a worker's.
 */
final class Rehearsal {
    private static final String NAME = "muster-worker-spare";
    private static final Duration LONGEST = Duration.ofSeconds(2);

    private final Settings settings;
    private final KafkaClients kafka;

    Rehearsal(Settings settings) {
        this.settings = settings;
        this.kafka = new KafkaClients(settings);
    }

    /** Those that cost a start most come first. */
    List<Spare.Step> steps() {
        return List.of(
                this::database,
                this::admin,
                this::reader,
                this::heartbeats,
                this::intake,
                this::payments,
                this::health);
    }

    private void database() {
        try (Database database = Database.open(settings, NAME, 1, Optional.of(WorkerMain.meters()))) {
            var _ = new QueueStore(database).list();
        }
    }

    private void admin() throws Exception {
        try (Admin admin = kafka.admin(NAME)) {
            admin.describeTopics(List.of(Topics.HEARTBEATS, Topics.COMMANDS))
                    .allTopicNames()
                    .get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void reader() {
        Consumer<byte[], byte[]> reader = kafka.reader(NAME, Duration.ofMillis(10));
        try {
            List<TopicPartition> partitions = reader.partitionsFor(Topics.COMMANDS, LONGEST).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            reader.assign(partitions);
            reader.seekToEnd(partitions);
            reader.poll(Duration.ofMillis(100));
        } finally {
            reader.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    private void heartbeats() {
        try (Producer<byte[], byte[]> producer = kafka.heartbeats(NAME)) {
            producer.partitionsFor(Topics.HEARTBEATS);
        }
    }

    /** Without joining: a group would be there to be seen, and a member of the workers' own would be given partitions. */
    private void intake() {
        kafka.jobs(NAME, new Incarnation(NAME + ".0"), 1).close(CloseOptions.timeout(Duration.ZERO));
    }

    private void payments() {
        PaymentGateway gateway = new PaymentGateway(
                settings.string(Setting.PAYMENTS_URL),
                settings.string(Setting.PAYMENTS_KEY),
                settings.duration(Setting.PAYMENTS_TIMEOUT),
                false,
                WorkerMain.meters(),
                Ticker.system());
        Handlers.of(List.of(new PaymentChargeHandler(gateway))).prepare();
    }

    private void health() {
        new HealthServer("127.0.0.1", 0, Optional.empty(), WorkerMain.meters()).close();
    }
}
