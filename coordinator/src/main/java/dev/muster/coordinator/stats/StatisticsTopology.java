package dev.muster.coordinator.stats;

import dev.muster.protocol.EventCodec;
import dev.muster.protocol.Json;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
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
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * Counts the events of jobs per queue: in windows of a second, kept ten minutes, which charts ask for; and of a minute,
 * kept two hours, which also go to {@link Topics#STATS}. An event that the relay tells twice is counted twice, and those
 * of the last quarter of a second before this ends, or moves to another coordinator, may be missing.
 */
final class StatisticsTopology {
    static final String SECONDS = "seconds";
    static final String MINUTES = "minutes";
    static final Duration SECONDS_KEPT = Duration.ofMinutes(10);
    static final Duration MINUTES_KEPT = Duration.ofHours(2);

    private static final Duration LATE = Duration.ofSeconds(10);
    /** So long counts are held: each event by itself through a topic and two stores costs more than all else about it. */
    private static final Duration HELD = Duration.ofMillis(250);

    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<Tally> TALLY = Serdes.serdeFrom(
            (_, tally) -> tally == null ? null : tally.encode(),
            (_, bytes) -> bytes == null ? null : Tally.decode(bytes));

    private StatisticsTopology() {}

    static Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, Tally> perQueue = builder.stream(Topics.EVENTS, Consumed.with(BYTES, BYTES))
                .process(Counter::new)
                .groupByKey(Grouped.<String, Tally>with(TEXT, TALLY).withName("tally"));
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
                        (_, more, tally) -> tally.plus(more),
                        Materialized.<String, Tally>as(inMemory)
                                .withKeySerde(TEXT)
                                .withValueSerde(TALLY));
    }

    /** Reads events, with their headers, which the DSL hides; and passes on what it has counted of a queue in a second. */
    private static final class Counter extends ContextualProcessor<byte[], byte[], String, Tally> {
        private final Map<String, Tally.Sum> counted = new TreeMap<>();
        /** Of the events that are counted, by their timestamps. */
        private long second;

        @Override
        public void init(ProcessorContext<String, Tally> context) {
            super.init(context);
            context.schedule(HELD, PunctuationType.WALL_CLOCK_TIME, _ -> pass());
        }

        @Override
        public void process(Record<byte[], byte[]> event) {
            if (event.timestamp() / 1_000 != second) {
                pass(); // one second after the other, so that none comes too late for its window
                second = event.timestamp() / 1_000;
            }
            EventCodec.jobEvent(event.headers(), event.value())
                    .ifPresent(job -> counted.computeIfAbsent(job.queue(), _ -> new Tally.Sum())
                            .add(job));
        }

        private void pass() {
            counted.forEach((queue, sum) -> context().forward(new Record<>(queue, sum.tally(), second * 1_000)));
            counted.clear();
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
