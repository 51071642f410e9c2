package dev.muster.coordinator.stats;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.loop.Loop;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@link StatisticsTopology} while this coordinator leads, and answers questions about it. Only charts hang on it:
 * what it counts decides nothing. Thread-safe.
 */
public final class Statistics implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Statistics.class);
    private static final String APPLICATION = "muster-stats";
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration CLOSE = Duration.ofSeconds(5);

    private final KafkaClients clients;
    private final TopicAdmin topics;
    private final Leadership leadership;
    private volatile Optional<Running> running = Optional.empty();
    private Optional<Loop> loop = Optional.empty();

    public Statistics(KafkaClients clients, TopicAdmin topics, Leadership leadership) {
        this.clients = clients;
        this.topics = topics;
        this.leadership = leadership;
    }

    private record Running(KafkaStreams streams, Path folder) {}

    /** A queue in a window of time that began then. */
    public record Point(Instant from, String queue, Tally tally) {}

    public synchronized void start() {
        loop = Optional.of(Loop.start("statistics", LOOK, this::runOnce));
    }

    /** Windows of a second that began within this time, oldest first; none while the statistics are not running. */
    public List<Point> seconds(Instant from, Instant to) {
        return windows(StatisticsTopology.SECONDS, from, to);
    }

    /** Windows of a minute that began within this time, oldest first. */
    public List<Point> minutes(Instant from, Instant to) {
        return windows(StatisticsTopology.MINUTES, from, to);
    }

    /** The state of Kafka Streams, for display. */
    public String state() {
        return running.map(r -> r.streams().state().name().toLowerCase(java.util.Locale.ROOT))
                .orElse("standby");
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
        stop();
    }

    private void runOnce() {
        boolean leads = leadership.epoch().isPresent();
        boolean isBroken = running.filter(r -> r.streams().state().hasCompletedShutdown()
                        || r.streams().state() == KafkaStreams.State.ERROR)
                .isPresent();
        if (isBroken || (!leads && running.isPresent())) {
            stop();
        }
        if (leads && running.isEmpty()) {
            topics.configureStreamsGroup(APPLICATION);
            running = Optional.of(launch());
        }
    }

    private Running launch() {
        try {
            Path folder = Files.createTempDirectory("muster-stats-");
            KafkaStreams streams = new KafkaStreams(StatisticsTopology.build(), configuration(folder));
            streams.setUncaughtExceptionHandler(e -> {
                LOG.warn("The statistics broke down: {}; they are started again", e.getMessage());
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            return new Running(streams, folder);
        } catch (IOException e) {
            throw new UncheckedIOException("can't make a folder for the statistics", e);
        }
    }

    private Properties configuration(Path folder) {
        Properties properties = new Properties();
        properties.putAll(clients.common(APPLICATION));
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
        properties.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams"); // KIP-1071: the broker assigns
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
        // RocksDB is not on the class path.
        properties.put(
                StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
                org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
        // As all our producers: a broker that has just come back may refuse a first batch for good (KAFKA-15591).
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION), 1);
        // What the relay has aborted did not happen.
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.ISOLATION_LEVEL_CONFIG), "read_committed");
        // Something in the topic that is no tally counts for nothing.
        properties.put(
                StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
        // What was told before it ran for the first time: the topic holds as much as its windows.
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        return properties;
    }

    private void stop() {
        running.ifPresent(r -> {
            r.streams().close(CLOSE);
            delete(r.folder());
        });
        running = Optional.empty();
    }

    private static void delete(Path folder) {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.debug("{} could not be removed: {}", folder, e.getMessage());
        }
    }

    private List<Point> windows(String store, Instant from, Instant to) {
        if (running.isEmpty()) {
            return List.of();
        }
        try {
            ReadOnlyWindowStore<String, Tally> windows = running.get()
                    .streams()
                    .store(StoreQueryParameters.fromNameAndType(store, QueryableStoreTypes.windowStore()));
            List<Point> points = new ArrayList<>();
            try (KeyValueIterator<Windowed<String>, Tally> all = windows.fetchAll(from, to)) {
                while (all.hasNext()) {
                    KeyValue<Windowed<String>, Tally> next = all.next();
                    points.add(new Point(next.key.window().startTime(), next.key.key(), next.value));
                }
            }
            points.sort(Comparator.comparing(Point::from).thenComparing(Point::queue));
            return points;
        } catch (InvalidStateStoreException | IllegalStateException e) {
            return List.of(); // it starts, or moves to another thread
        }
    }

    /** All queues together, by the window's start. */
    public static Map<Instant, Tally> together(List<Point> points) {
        Map<Instant, Tally> sum = new java.util.TreeMap<>();
        points.forEach(point -> sum.merge(point.from(), point.tally(), Tally::plus));
        return sum;
    }
}
