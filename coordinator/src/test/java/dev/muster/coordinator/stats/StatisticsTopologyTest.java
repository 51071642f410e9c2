package dev.muster.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.protocol.Json;
import dev.muster.protocol.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class StatisticsTopologyTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private TopologyTestDriver driver;
    private TestInputTopic<byte[], byte[]> tallies;

    StatisticsTopologyTest(@TempDir Path folder) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        driver = new TopologyTestDriver(StatisticsTopology.build(), properties, START);
        tallies = driver.createInputTopic(Topics.TALLIES, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @BeforeEach
    void nothingIsCountedYet() {
        assertThat(driver.producedTopicNames()).doesNotContain(Topics.STATS);
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void counts_per_queue_and_outcome_in_windows_of_a_second() {
        tell("payments", "succeeded", 0.2, START);
        tell("payments", "succeeded", 0.4, START.plusMillis(900));
        tell("payments", "dead", 7.0, START.plusMillis(950));
        tell("mails", "retried", null, START.plusMillis(100));
        tell("payments", "succeeded", 0.2, START.plusMillis(1_100));

        Tally first = second("payments", START);
        assertThat(first.outcomes()).isEqualTo(Map.of("succeeded", 2L, "dead", 1L));
        assertThat(first.errorRate()).isEqualTo(1 / 3.0);
        assertThat(first.averageSeconds()).isCloseTo(7.6 / 3, org.assertj.core.data.Offset.offset(1e-9));
        assertThat(first.quantileSeconds(0.5)).isEqualTo(0.5);
        assertThat(first.quantileSeconds(0.99)).isEqualTo(10);
        assertThat(second("payments", START.plusSeconds(1)).finished()).isEqualTo(1);
        assertThat(second("mails", START).finished()).isZero();
    }

    /** As when it has fallen behind: what comes in between two looks at the clock is more than any window waits for. */
    @Test
    void a_minute_of_events_at_once_fills_all_its_windows() {
        for (int i = 0; i < 60; i++) {
            tell("payments", "succeeded", 0.2, START.plusSeconds(i));
            tell("mails", "succeeded", 0.2, START.plusSeconds(i));
        }

        for (int i = 0; i < 60; i++) {
            assertThat(second("payments", START.plusSeconds(i)).finished()).isEqualTo(1);
            assertThat(second("mails", START.plusSeconds(i)).finished()).isEqualTo(1);
        }
    }

    @Test
    void minutes_are_published() {
        tell("payments", "succeeded", 0.2, START);
        tell("payments", "declined", 0.2, START.plusSeconds(59));

        var output = driver.createOutputTopic(Topics.STATS, new StringDeserializer(), new ByteArrayDeserializer());
        List<TestRecord<String, byte[]>> published = output.readRecordsToList();
        TestRecord<String, byte[]> last = published.getLast();
        JsonNode body = Json.MAPPER.readTree(last.value());
        assertThat(last.key()).isEqualTo("payments");
        assertThat(body.path("finished").longValue()).isEqualTo(2);
        assertThat(body.path("from").stringValue("")).isEqualTo(START.toString());
        assertThat(body.path("error_rate").doubleValue()).isZero();
    }

    /** As the relay tells it. */
    private void tell(String queue, String outcome, @Nullable Double seconds, Instant at) {
        Tallies counted = new Tallies();
        counted.add(queue, outcome, seconds, at);
        counted.records()
                .forEach(record ->
                        tallies.pipeInput(record.key(), record.value(), Instant.ofEpochMilli(record.timestamp())));
    }

    private Tally second(String queue, Instant from) {
        WindowStore<String, Tally> store = driver.getWindowStore(StatisticsTopology.SECONDS);
        try (var found = store.fetch(queue, from, from.plus(Duration.ofMillis(1)))) {
            return Objects.requireNonNull(found.next().value);
        }
    }
}
