package dev.muster.kafka;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Makes Kafka clients. The configuration is explicit here, so that nothing rests on a library's defaults. Thread-safe. */
public final class KafkaClients {
    /**
     * When a request without an answer gives its connection up, half a minute by default. Over a wire that was cut without
     * a word nothing else does: so long after it has healed, a worker would be in no group.
     */
    private static final int ANSWER_MILLIS = 5_000;

    /**
     * Of a partition at once. Records are passed on partition by partition, so with the client's 1 MB a lane whose partitions come
     * last waits for thousands of others' records.
     */
    private static final int JOBS_FETCHED_BYTES = 256 * 1024;

    private final Settings settings;

    public KafkaClients(Settings settings) {
        this.settings = settings;
    }

    public String bootstrap() {
        return settings.string(Setting.KAFKA_BOOTSTRAP);
    }

    public Admin admin(String clientId) {
        Map<String, Object> config = common(clientId);
        config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_MILLIS);
        config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000);
        return Admin.create(config);
    }

    /**
     * The consumer of a worker's intake: a static member of its pool's group, so that the coordinator can evict it by
     * its instance id. Not thread-safe.
     */
    public Consumer<byte[], byte[]> jobs(String group, Incarnation incarnation, int maxPollRecords) {
        Map<String, Object> config = common(incarnation.id());
        config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "consumer"); // KIP-848: no stop-the-world rebalance
        config.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, incarnation.id());
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false); // else polled, unclaimed records are committed
        // No reset: where Kafka's log does not reach the stored position, somebody must say so, not skip.
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        config.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, 10_000); // a hung intake is expelled
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, maxPollRecords);
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, JOBS_FETCHED_BYTES);
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed"); // a submitter's aborted jobs are none
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 10_000);
        config.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_MILLIS);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * A consumer in no group, which reads what it is told to. Not thread-safe.
     *
     * @param fetchWait how long the broker keeps a fetch that finds nothing. It answers a connection's requests in
     *     turn, so whoever also asks for end offsets waits for it.
     */
    public Consumer<byte[], byte[]> reader(String clientId, Duration fetchWait) {
        Map<String, Object> config = common(clientId);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) fetchWait.toMillis());
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_MILLIS);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * The same for who must not step over anything: where the log was cut off, it goes on at the first record that is
     * there. Not thread-safe.
     */
    public Consumer<byte[], byte[]> listener(String clientId) {
        Map<String, Object> config = common(clientId);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** A producer whose records are on all in-sync replicas when it says so, in order, without doubles. Thread-safe. */
    public Producer<byte[], byte[]> producer(String clientId) {
        return new KafkaProducer<>(durable(clientId), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A producer of heartbeats: fresh or not at all. Thread-safe. */
    public Producer<byte[], byte[]> heartbeats(String clientId) {
        Map<String, Object> config = common(clientId);
        config.put(ProducerConfig.ACKS_CONFIG, "1");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
        config.put(ProducerConfig.RETRIES_CONFIG, 0); // the next one comes in a moment
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 1_000);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 1_000);
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 1_500);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A producer in transactions: a successor with the same id fences it. Thread-safe. */
    public Producer<byte[], byte[]> transactional(String clientId, String transactionalId) {
        Map<String, Object> config = durable(clientId);
        config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
        config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 15_000);
        // A dead letter is what was submitted and some headers more: the largest submission must not stop the relay.
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 16 << 20);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** What every client gets, with the user's pass-through settings; for Streams, which makes its own clients. */
    public Map<String, Object> common(String clientId) {
        Map<String, Object> config = new HashMap<>(settings.kafkaClient());
        config.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap());
        config.put(CommonClientConfigs.CLIENT_ID_CONFIG, clientId);
        // A broker that comes back is found within half a second, also after a long outage.
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG, 50);
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        config.put(CommonClientConfigs.RETRY_BACKOFF_MS_CONFIG, 50);
        config.put(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, 500);
        config.put(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, 2_000);
        config.put("enable.metrics.push", false); // KIP-714: nobody here collects them
        // By default each client registers hundreds of MBeans, which is a fifth of a worker's way into service; what is
        // worth watching of a client is among our own meters.
        config.putIfAbsent(CommonClientConfigs.METRIC_REPORTER_CLASSES_CONFIG, "");
        return config;
    }

    private Map<String, Object> durable(String clientId) {
        Map<String, Object> config = common(clientId);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        // A broker that has just come back may refuse a producer's first batch in a partition and take the second. Then
        // it refuses the first for ever, and after two minutes the producer gives it up (KAFKA-15591).
        config.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        config.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        config.put(ProducerConfig.BATCH_SIZE_CONFIG, 128 * 1024);
        config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 2 * ANSWER_MILLIS);
        return config;
    }
}
