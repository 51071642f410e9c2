package dev.muster.coordinator.stats;

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
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * Adds up what the relay has counted per queue: in windows of a second, kept ten minutes, which charts ask for; and of a
 * minute, kept two hours, which also go to {@link Topics#STATS}. An event that the relay tells twice is counted twice,
 * and so may be what was counted in the last second before a crash.
 */
final class StatisticsTopology {
    static final String SECONDS = "seconds";
    static final String MINUTES = "minutes";
    static final Duration SECONDS_KEPT = Duration.ofMinutes(10);
    static final Duration MINUTES_KEPT = Duration.ofHours(2);

    private static final Duration LATE = Duration.ofSeconds(10);

    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<Tally> TALLY = Serdes.serdeFrom(
            (_, tally) -> tally == null ? null : tally.encode(),
            (_, bytes) -> bytes == null ? null : Tally.decode(bytes));

    private StatisticsTopology() {}

    static Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, Tally> perQueue =
                builder.stream(Topics.TALLIES, Consumed.with(TEXT, TALLY)).groupByKey(Grouped.with(TEXT, TALLY));
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
