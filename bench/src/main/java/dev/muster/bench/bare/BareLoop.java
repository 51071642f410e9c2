package dev.muster.bench.bare;

import dev.muster.bench.trial.Completions;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.protocol.Topics;
import dev.muster.time.Ticker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The least that makes jobs durable twice: poll about 1,000 records, one INSERT of running rows, run each on a virtual
 * thread, one statement that deletes them and appends them to a history, commit the offsets. No retries, no leases, no
 * types, no metrics: the limit, not a product.
 *
 * <p>With {@code keyed} a batch's records of one key run one after the other; and since a batch is one lane's, keys that
 * are in two batches at once may overlap: that too is less than an ordered queue does.
 */
public final class BareLoop {
    private static final Logger LOG = LoggerFactory.getLogger(BareLoop.class);
    private static final int BATCH = 1_000;
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration COMMIT = Duration.ofMillis(20);

    private final String queue;
    private final boolean keyed;
    private final Settings settings;
    private final Ticker ticker = Ticker.system();
    private final BlockingQueue<Batch> ready;
    private final Completions completions;
    private final CountDownLatch over = new CountDownLatch(1);

    private BareLoop(Settings settings, String queue, Completions completions, int lanes, boolean keyed) {
        this.settings = settings;
        this.queue = queue;
        this.completions = completions;
        this.keyed = keyed;
        this.ready = new ArrayBlockingQueue<>(lanes);
    }

    /** What one poll has brought. */
    private static final class Batch {
        private final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        private volatile boolean done;
    }

    /** Arguments: queue, jobs, file for the timeline, lanes, keyed or not. */
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.load(Path.of("none"), System.getenv(), Map.of());
        int lanes = Integer.parseInt(args[3]);
        Completions completions = new Completions(Long.parseLong(args[1]), Path.of(args[2]));
        BareLoop loop = new BareLoop(settings, args[0], completions, lanes, Boolean.parseBoolean(args[4]));
        try (Connection connection = loop.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(BareSql.CREATE);
        }
        for (int i = 0; i < lanes; i++) {
            Thread.ofPlatform().name("lane-" + i).daemon().start(loop::lane);
        }
        loop.poll();
        loop.over.await();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(
                settings.string(Setting.POSTGRES_URL),
                settings.string(Setting.POSTGRES_USER),
                settings.string(Setting.POSTGRES_PASSWORD));
    }

    private void poll() throws Exception {
        Deque<Batch> open = new ArrayDeque<>();
        long committed = ticker.nanos();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.subscribe(List.of(Topics.jobs(queue)));
            while (true) {
                ConsumerRecords<byte[], byte[]> polled = consumer.poll(POLL);
                if (!polled.isEmpty()) {
                    completions.begin();
                    Batch batch = new Batch();
                    polled.forEach(batch.records::add);
                    open.add(batch);
                    while (!ready.offer(batch, 100, TimeUnit.MILLISECONDS)) {
                        committed = commit(consumer, open, committed);
                    }
                }
                committed = commit(consumer, open, committed);
            }
        }
    }

    /** Commits the offsets of the batches that are done, up to the first that is not. */
    private long commit(KafkaConsumer<byte[], byte[]> consumer, Deque<Batch> open, long committed) {
        if (ticker.nanos() - committed < COMMIT.toNanos()) {
            return committed;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        while (!open.isEmpty() && open.getFirst().done) {
            for (ConsumerRecord<byte[], byte[]> record : open.removeFirst().records) {
                offsets.put(
                        new TopicPartition(record.topic(), record.partition()),
                        new OffsetAndMetadata(record.offset() + 1));
            }
        }
        if (!offsets.isEmpty()) {
            consumer.commitSync(offsets);
        }
        return ticker.nanos();
    }

    private void lane() {
        try (Connection connection = connect();
                PreparedStatement claim = connection.prepareStatement(BareSql.CLAIM);
                PreparedStatement settle = connection.prepareStatement(BareSql.SETTLE)) {
            while (true) {
                Batch batch = ready.take();
                UUID[] ids = batch.records.stream().map(BareLoop::id).toArray(UUID[]::new);
                claim(connection, claim, batch.records, ids);
                run(batch.records);
                settle.setArray(1, connection.createArrayOf("uuid", ids));
                settle.executeUpdate();
                completions.done(batch.records.size());
                batch.done = true;
            }
        } catch (Exception e) {
            LOG.atError().setCause(e).log("A lane has ended");
            Runtime.getRuntime().halt(1);
        }
    }

    private static void claim(
            Connection connection, PreparedStatement claim, List<ConsumerRecord<byte[], byte[]>> records, UUID[] ids)
            throws SQLException {
        int size = records.size();
        Integer[] partitions = new Integer[size];
        Long[] offsets = new Long[size];
        String[] keys = new String[size];
        byte[][] payloads = new byte[size][];
        for (int i = 0; i < size; i++) {
            ConsumerRecord<byte[], byte[]> record = records.get(i);
            partitions[i] = record.partition();
            offsets[i] = record.offset();
            keys[i] = new String(record.key(), StandardCharsets.UTF_8);
            payloads[i] = record.value();
        }
        claim.setString(1, "bare");
        claim.setArray(2, connection.createArrayOf("uuid", ids));
        claim.setArray(3, connection.createArrayOf("integer", partitions));
        claim.setArray(4, connection.createArrayOf("bigint", offsets));
        claim.setArray(5, connection.createArrayOf("text", keys));
        claim.setArray(6, connection.createArrayOf("bytea", payloads));
        claim.executeUpdate();
    }

    /** Nothing is done in a job; what is measured is a thread for each, or for each key. */
    private void run(List<ConsumerRecord<byte[], byte[]>> records) throws InterruptedException {
        Collection<Integer> groups =
                keyed ? groups(records).values() : records.stream().map(_ -> 1).toList();
        CountDownLatch left = new CountDownLatch(groups.size());
        groups.forEach(_ -> Thread.startVirtualThread(left::countDown));
        left.await();
    }

    private static Map<String, Integer> groups(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<String, Integer> groups = new LinkedHashMap<>();
        records.forEach(record -> groups.merge(new String(record.key(), StandardCharsets.UTF_8), 1, Integer::sum));
        return groups;
    }

    /** Time-ordered, as UUIDv7 is, and the same for the same record. */
    private static UUID id(ConsumerRecord<byte[], byte[]> record) {
        long high = (record.timestamp() << 16) | 0x7000L | (record.offset() & 0xfff);
        return new UUID(high, 0x8000_0000_0000_0000L | ((long) record.partition() << 40) | record.offset());
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        settings.string(Setting.KAFKA_BOOTSTRAP),
                        ConsumerConfig.GROUP_ID_CONFIG,
                        "bare-" + queue,
                        ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                        "consumer",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        false,
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest",
                        ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                        BATCH),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }
}
