package dev.muster.coordinator.stats;

import dev.muster.protocol.EventCodec;
import dev.muster.protocol.Json;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * Counts the events of jobs per queue: in windows of a second, kept ten minutes, which charts ask for; and of a minute,
 * kept two hours, which also go to {@link Topics#STATS}. An event that the relay tells twice is counted
 * twice; what was read in the last quarter of a second before a coordinator's end is not counted at all.
 */
final class StatisticsTopology {
    static final String SECONDS = "seconds";
    static final String MINUTES = "minutes";
    static final Duration SECONDS_KEPT = Duration.ofMinutes(10);
    static final Duration MINUTES_KEPT = Duration.ofHours(2);

    private static final Duration PASS_ON = Duration.ofMillis(250);
    private static final Duration LATE = Duration.ofSeconds(10);
    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<Tally> TALLY = Serdes.serdeFrom(
            (_, tally) -> tally == null ? null : tally.encode(),
            (_, bytes) -> bytes == null ? null : Tally.decode(bytes));

    private StatisticsTopology() {}

    static Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, Tally> perQueue = builder.stream(Topics.EVENTS, Consumed.with(BYTES, BYTES))
                .process(Counted::new)
                .groupByKey(Grouped.<String, Tally>with(TEXT, TALLY).withName("queue"));
        tally(perQueue, Duration.ofSeconds(1), SECONDS, SECONDS_KEPT);
        tally(perQueue, Duration.ofMinutes(1), MINUTES, MINUTES_KEPT)
                .toStream((window, _) -> window)
                .map((window, tally) -> org.apache.kafka.streams.KeyValue.pair(window.key(), published(window, tally)))
                .to(Topics.STATS, Produced.with(TEXT, BYTES));
        return builder.build();
    }

    private static KTable<Windowed<String>, Tally> tally(
            KGroupedStream<String, Tally> perQueue, Duration window, String store, Duration kept) {
        WindowBytesStoreSupplier inMemory = Stores.inMemoryWindowStore(store, kept, window, false);
        return perQueue.windowedBy(TimeWindows.ofSizeAndGrace(window, LATE))
                .aggregate(
                        Tally::none,
                        (_, part, tally) -> tally.plus(part),
                        Materialized.<String, Tally>as(inMemory)
                                .withKeySerde(TEXT)
                                .withValueSerde(TALLY));
    }

    /**
     * Reads an event's headers, which the DSL hides, and adds up what is counted of it; passes the sums of each second on
     * under their queue, four times a second. One record for each event would go through Kafka and two stores for itself,
     * which took five times the processor time of the relay that tells the event.
     */
    private static final class Counted extends ContextualProcessor<byte[], byte[], String, Tally> {
        private final Map<Second, Tally.Sum> sums = new LinkedHashMap<>();

        private record Second(String queue, long millis) {}

        @Override
        public void init(ProcessorContext<String, Tally> context) {
            super.init(context);
            context.schedule(PASS_ON, PunctuationType.WALL_CLOCK_TIME, this::passOn);
        }

        @Override
        public void process(org.apache.kafka.streams.processor.api.Record<byte[], byte[]> event) {
            EventCodec.jobEvent(event.headers(), event.value()).ifPresent(job -> sums.computeIfAbsent(
                            new Second(job.queue(), Math.floorDiv(event.timestamp(), 1_000L) * 1_000),
                            _ -> new Tally.Sum())
                    .add(job));
        }

        private void passOn(long now) {
            sums.forEach((second, sum) -> context()
                    .forward(new org.apache.kafka.streams.processor.api.Record<>(
                            second.queue(), sum.tally(), second.millis())));
            sums.clear();
        }
    }

    private static byte[] published(Windowed<String> window, Tally tally) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("queue", window.key());
        body.put("from", Instant.ofEpochMilli(window.window().start()).toString());
        body.put("to", Instant.ofEpochMilli(window.window().end()).toString());
        body.put("outcomes", tally.outcomes());
        body.put("finished", tally.finished());
        body.put("error_rate", tally.errorRate());
        body.put("average_seconds", tally.averageSeconds());
        return Json.MAPPER.writeValueAsBytes(body);
    }
}
