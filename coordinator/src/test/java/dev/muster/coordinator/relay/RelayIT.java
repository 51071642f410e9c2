package dev.muster.coordinator.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Json;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.Topics;
import dev.muster.store.Database;
import dev.muster.store.LeaseStore;
import dev.muster.store.RelayStore;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(EmbeddedServers.class)
class RelayIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
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
            UUID fromLater = UUID.randomUUID(); // as a topic that allows its producers any timestamp lets one in
            insert(quick, fromLater, "succeeded", "9999-12-31");

            await().atMost(PATIENCE).until(() -> {
                seen.addAll(read(reader, Duration.ofMillis(100)));
                return about(seen, late).size() == 1
                        && about(seen, early).size() == 2
                        && about(seen, dead).size() == 1
                        && about(seen, fromLater).size() == 1
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
            await().atMost(PATIENCE).until(() -> {
                seen.addAll(read(reader, Duration.ofMillis(100)));
                return Stream.of("succeeded", "retried", "dead")
                        .allMatch(outcome -> counted(seen, outcome) == told(seen, outcome));
            });
        }
    }

    private static long told(List<ConsumerRecord<byte[], byte[]>> seen, String outcome) {
        return seen.stream()
                .filter(event -> event.topic().equals(Topics.EVENTS))
                .filter(event -> header(event, "ce_type").equals("dev.muster.job." + outcome))
                .filter(event -> Json.MAPPER
                        .readTree(event.value())
                        .path("queue")
                        .asString("")
                        .equals("payments")) // other tests' events are there too
                .count();
    }

    private static long counted(List<ConsumerRecord<byte[], byte[]>> seen, String outcome) {
        return seen.stream()
                .filter(told -> told.topic().equals(Topics.TALLIES))
                .filter(tally -> new String(tally.key(), StandardCharsets.UTF_8).equals("payments"))
                .mapToLong(tally -> Json.MAPPER
                        .readTree(tally.value())
                        .path("outcomes")
                        .path(outcome)
                        .asLong(0))
                .sum();
    }

    /** H15: one that was deposed while it was paused would fence the producer of the one that leads. */
    @Test
    void a_deposed_leader_that_does_not_know_it_yet_leaves_the_relay_alone() throws Exception {
        UUID job = UUID.randomUUID();
        MeterRegistry meters = new SimpleMeterRegistry();
        KafkaClients clients = new KafkaClients(settings);
        try (Coordinator _ = Coordinator.start(settings)) {
            // The schema and the topics are there.
        }
        try (Database database = Database.open(settings, "test", 4, Optional.empty());
                Admin admin = clients.admin("test");
                Connection connection = connect();
                Consumer<byte[], byte[]> reader = reader();
                Leadership old = leadership(database, "old", meters)) {
            await().atMost(PATIENCE).until(() -> old.epoch().isPresent());
            try (Statement statement = connection.createStatement()) {
                statement.execute("UPDATE leader_lease SET expires_at = now()");
            }
            try (Leadership now = leadership(database, "now", meters);
                    RelayLoop relay = relay(database, clients, now, meters);
                    RelayLoop late = relay(database, clients, old, meters)) {
                await().atMost(PATIENCE).until(() -> now.epoch().isPresent());
                relay.start();
                insert(connection, job, "succeeded");
                List<ConsumerRecord<byte[], byte[]>> seen = new ArrayList<>();
                await().atMost(PATIENCE).until(() -> {
                    seen.addAll(read(reader, Duration.ofMillis(100)));
                    return about(seen, job).size() == 1;
                });
                int epoch = producerEpoch(admin);

                assertThat(old.epoch()).as("it believes that it leads").isPresent();
                late.start();

                await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> producerEpoch(admin) == epoch);
            }
        }
    }

    private static Leadership leadership(Database database, String name, MeterRegistry meters) {
        Leadership leadership =
                new Leadership(new LeaseStore(database), name, Duration.ofMinutes(5), Ticker.system(), meters);
        leadership.start();
        return leadership;
    }

    private static RelayLoop relay(
            Database database, KafkaClients clients, Leadership leadership, MeterRegistry meters) {
        return new RelayLoop(new RelayStore(database), clients, leadership, Ticker.system(), meters);
    }

    private static int producerEpoch(Admin admin) throws Exception {
        return admin.describeTransactions(List.of("muster-relay"))
                .description("muster-relay")
                .get()
                .producerEpoch();
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
        insert(connection, job, outcome, "now");
    }

    private static void insert(Connection connection, UUID job, String outcome, String submitted) throws Exception {
        String sql = outcome.equals("retried") ? """
                  INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, started_at)
                  VALUES (?, 'payments', 'payment.charge', 1, 'worker-1.1', ?, now())
                  """ : """
                  INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, attempt, failures,
                      recoveries, submitted_at, claimed_at)
                  VALUES (?, 'payments', 7, 42, 'payment.charge', ?, 1, 0, 0, '%s'::timestamptz, now())
                  """.formatted(submitted);
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
        List<TopicPartition> partitions = List.of(Topics.EVENTS, Topics.DEAD_LETTERS, Topics.TALLIES).stream()
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
