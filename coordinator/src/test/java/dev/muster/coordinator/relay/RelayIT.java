package dev.muster.coordinator.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Json;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(EmbeddedServers.class)
class RelayIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final byte[] PAYLOAD = {0, 1, 2, -1};

    private final PostgresDatabase postgres;
    private final Settings settings;

    RelayIT(PostgresDatabase postgres, KafkaCluster kafka) {
        this.postgres = postgres;
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.kafka.client.isolation.level", "read_committed",
                "muster.coordinator.port", "0",
                "muster.fleet.launcher", "external"));
    }

    @Test
    void events_come_in_commit_order_and_dead_jobs_byte_for_byte() throws Exception {
        UUID dead = UUID.randomUUID();
        UUID late = UUID.randomUUID();
        UUID early = UUID.randomUUID();
        try (Coordinator _ = Coordinator.start(settings);
                Connection slow = connect();
                Connection quick = connect();
                Consumer<byte[], byte[]> reader = reader()) {
            slow.setAutoCommit(false);
            insert(slow, late, "succeeded");
            insert(quick, early, "retried");
            insert(quick, early, "succeeded");
            // The older transaction is open: what came after it has to wait, or the older row would be stepped over.
            List<ConsumerRecord<byte[], byte[]>> seen = new ArrayList<>(read(reader, Duration.ofSeconds(2)));
            assertThat(about(seen, early)).isEmpty();
            slow.commit();
            insertDead(quick, dead);

            await().atMost(PATIENCE).until(() -> {
                seen.addAll(read(reader, Duration.ofMillis(100)));
                return about(seen, late).size() == 1
                        && about(seen, early).size() == 2
                        && about(seen, dead).size() == 1
                        && !letters(seen, dead).isEmpty();
            });
            List<ConsumerRecord<byte[], byte[]>> events = about(seen, early);
            assertThat(header(events.get(0), "ce_type")).isEqualTo("dev.muster.job.retried");
            assertThat(header(events.get(1), "ce_type")).isEqualTo("dev.muster.job.succeeded");
            assertThat(header(events.get(0), "ce_id")).isNotEqualTo(header(events.get(1), "ce_id"));
            JsonNode body = Json.MAPPER.readTree(events.get(1).value());
            assertThat(body.path("state").stringValue("")).isEqualTo("succeeded");
            assertThat(body.path("job_id").stringValue("")).isEqualTo(early.toString());
            assertThat(Json.MAPPER.readTree(events.get(0).value()).path("state").stringValue(""))
                    .isEqualTo("retrying");
            assertDeadLetter(letters(seen, dead).getFirst());
        }
    }

    private static void assertDeadLetter(ConsumerRecord<byte[], byte[]> letter) {
        assertThat(letter.key()).isEqualTo("customer-1".getBytes(StandardCharsets.UTF_8));
        assertThat(letter.value()).isEqualTo(PAYLOAD);
        assertThat(header(letter, "ce_id")).isEqualTo("original");
        assertThat(header(letter, "muster-dlq-reason")).isEqualTo("attempts_exhausted");
        assertThat(header(letter, "kafka_dlt-original-topic")).isEqualTo("muster.jobs.payments");
        assertThat(header(letter, "kafka_dlt-exception-fqcn")).isEqualTo("java.io.IOException");
        assertThat(header(letter, "kafka_dlt-exception-message")).isEqualTo("no route");
        assertThat(ByteBuffer.wrap(letter.headers()
                                .lastHeader("kafka_dlt-original-partition")
                                .value())
                        .getInt())
                .isEqualTo(7);
        assertThat(ByteBuffer.wrap(letter.headers()
                                .lastHeader("kafka_dlt-original-offset")
                                .value())
                        .getLong())
                .isEqualTo(42);
    }

    private Connection connect() throws Exception {
        Connection connection = postgres.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET search_path = muster");
        }
        return connection;
    }

    private static void insert(Connection connection, UUID job, String outcome) throws Exception {
        String sql = outcome.equals("retried") ? """
                  INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, started_at)
                  VALUES (?, 'payments', 'payment.charge', 1, 'worker-1.1', ?, now())
                  """ : """
                  INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, attempt, failures,
                      recoveries, submitted_at, claimed_at)
                  VALUES (?, 'payments', 7, 42, 'payment.charge', ?, 1, 0, 0, now(), now())
                  """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, job);
            statement.setString(2, outcome);
            statement.executeUpdate();
        }
    }

    private static void insertDead(Connection connection, UUID job) throws Exception {
        var headers = new org.apache.kafka.common.header.internals.RecordHeaders()
                .add("ce_id", "original".getBytes(StandardCharsets.UTF_8));
        try (PreparedStatement statement = connection.prepareStatement("""
                INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, reason, detail, attempt,
                    failures, recoveries, submitted_at, claimed_at, record_key, payload, headers)
                VALUES (?, 'payments', 7, 42, 'payment.charge', 'dead', 'attempts_exhausted',
                    'java.io.IOException: no route', 3, 3, 0, now(), now(), ?, ?, ?)
                """)) {
            statement.setObject(1, job);
            statement.setBytes(2, "customer-1".getBytes(StandardCharsets.UTF_8));
            statement.setBytes(3, PAYLOAD);
            statement.setBytes(4, RecordHeaders.encode(headers));
            statement.executeUpdate();
        }
    }

    private Consumer<byte[], byte[]> reader() {
        Consumer<byte[], byte[]> reader = new KafkaClients(settings).reader("test", Duration.ofMillis(50));
        List<TopicPartition> partitions = List.of(Topics.EVENTS, Topics.DEAD_LETTERS).stream()
                .flatMap(topic -> reader.partitionsFor(topic).stream())
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
        reader.assign(partitions);
        reader.seekToBeginning(partitions);
        return reader;
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(Consumer<byte[], byte[]> reader, Duration time) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            reader.poll(Duration.ofMillis(50)).forEach(records::add);
        }
        return records;
    }

    private static List<ConsumerRecord<byte[], byte[]>> about(List<ConsumerRecord<byte[], byte[]>> seen, UUID job) {
        byte[] key = job.toString().getBytes(StandardCharsets.UTF_8);
        return seen.stream()
                .filter(record -> record.topic().equals(Topics.EVENTS) && java.util.Arrays.equals(record.key(), key))
                .toList();
    }

    private static List<ConsumerRecord<byte[], byte[]>> letters(List<ConsumerRecord<byte[], byte[]>> seen, UUID job) {
        return seen.stream()
                .filter(record -> record.topic().equals(Topics.DEAD_LETTERS)
                        && header(record, "muster-job-id").equals(job.toString()))
                .toList();
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
