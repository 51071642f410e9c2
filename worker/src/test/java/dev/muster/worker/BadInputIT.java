package dev.muster.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.protocol.Submission;
import dev.muster.protocol.Topics;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is no job becomes a dead one, with its bytes and the reason, and holds nothing up. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BadInputIT {
    private static final String PAUSE = "{\"millis\":1,\"later\":1}";
    private static final String EVENT =
            "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"test.pause\",\"data\":" + PAUSE + "}";

    private final WorkerStack stack;
    private final String unordered;
    private final String keyed;
    private final Incarnation worker;

    BadInputIT(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        this.stack = new WorkerStack(postgres, kafka, sandbox);
        this.unordered = stack.queue(Ordering.NONE, 1);
        this.keyed = stack.queue(Ordering.KEY, 2);
        ChildProcess process = stack.worker();
        this.worker = stack.awaitOwner(process, unordered, 1);
        stack.awaitOwner(process, keyed, 2);
    }

    @AfterAll
    void stop() {
        stack.close();
    }

    /**
     * A record that is no job.
     *
     * @param key for a keyed queue; null: it goes to the other one
     */
    record Bad(String name, String reason, Headers headers, byte @Nullable [] key, byte @Nullable [] value) {
        static Bad of(String name, String reason, ProducerRecord<byte[], byte[]> record) {
            return new Bad(name, reason, record.headers(), null, record.value());
        }

        static Bad of(String name, String reason, byte[] key) {
            return new Bad(name, reason, binary("test.pause"), key, bytes(PAUSE));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Bad> bad() {
        return List.of(
                Bad.of("broken structured json", "undecodable", structured("{\"specversion\":")),
                Bad.of("structured that is no object", "undecodable", structured("[1,2]")),
                Bad.of("structured without a body", "undecodable", record(structuredHeaders(), null)),
                Bad.of("structured with broken utf 8", "undecodable", record(structuredHeaders(), broken(EVENT))),
                Bad.of(
                        "structured with broken base64",
                        "undecodable",
                        structured(EVENT.replace("\"data\":" + PAUSE, "\"data_base64\":\"%%\""))),
                Bad.of("no headers at all", "no_type", record(new RecordHeaders(), PAUSE.getBytes(UTF_8))),
                Bad.of("unknown type", "unknown_type", record(binary("no.such.type"), PAUSE.getBytes(UTF_8))),
                Bad.of("type with a zero byte", "bad_attribute", record(binary("test\0pause"), PAUSE.getBytes(UTF_8))),
                Bad.of(
                        "version from the future",
                        "bad_attribute",
                        record(binary("test.pause").add("ce_specversion", bytes("2.0")), bytes(PAUSE))),
                Bad.of(
                        "version with half a character",
                        "bad_attribute",
                        structured(EVENT.replace("\"1.0\"", "\"\\ud800\""))),
                Bad.of(
                        "deadline that is no time",
                        "bad_attribute",
                        record(binary("test.pause").add("ce_musterdeadline", bytes("soon")), bytes(PAUSE))),
                Bad.of(
                        "run at beyond the calendar",
                        "bad_attribute",
                        record(
                                binary("test.pause").add("ce_musterrunat", bytes("+999999999-01-01T00:00:00Z")),
                                bytes(PAUSE))),
                Bad.of("too large", "too_large", record(binary("test.pause"), new byte[300_000])),
                Bad.of(
                        "payload that is no json",
                        "invalid_payload",
                        record(binary("test.pause"), bytes("{\"millis\":"))),
                Bad.of(
                        "payload of another shape",
                        "invalid_payload",
                        record(binary("test.pause"), bytes("{\"millis\":\"long\"}"))),
                Bad.of("payload with broken utf 8", "invalid_payload", record(binary("test.pause"), broken(PAUSE))),
                Bad.of("payload null", "invalid_payload", record(binary("test.pause"), bytes("null"))),
                Bad.of("no value", "invalid_payload", record(binary("test.pause"), null)),
                Bad.of(
                        "customer that looks like a card",
                        "invalid_payload",
                        record(
                                binary("payment.charge"),
                                bytes(WorkerStack.PAYMENT.replace("cus_1", "4242424242424242")))),
                Bad.of("key with a zero byte", "bad_key", "a\0b".getBytes(UTF_8)),
                Bad.of("key with broken utf 8", "bad_key", new byte[] {(byte) 0xC3, 0x28}),
                Bad.of("key too long", "bad_key", "k".repeat(1_025).getBytes(UTF_8)));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void it_becomes_a_dead_job_with_its_bytes_and_reason_and_its_neighbours_run(Bad bad) {
        String queue = bad.key() == null ? unordered : keyed;
        double counted = rejected(bad.reason());
        JobId before = stack.submit(queue, "test.pause", "n", PAUSE);
        String key = bad.key() == null ? "key " + bad : null;
        stack.send(new ProducerRecord<>(
                Topics.jobs(queue), null, null, key == null ? bad.key() : bytes(key), bad.value(), bad.headers()));
        JobId after = stack.submit(queue, "test.pause", "n", PAUSE);

        stack.awaitFinal(List.of(before, after));
        stack.assertSucceededOnce(List.of(before, after));
        String keyHex = HexFormat.of().formatHex(key == null ? requireKey(bad) : bytes(key));
        String row = Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .until(
                        () -> stack.query("SELECT state || ' ' || reason || ' ' || encode(payload, 'hex')"
                                + " FROM job_history WHERE queue = '" + queue + "' AND record_key = '\\x" + keyHex
                                + "'"),
                        Optional::isPresent)
                .orElseThrow();
        String valueHex = bad.value() == null ? "" : HexFormat.of().formatHex(bad.value());
        assertThat(row).isEqualTo("dead " + bad.reason() + " " + valueHex);
        if (!bad.reason().equals("invalid_payload")) { // that one is found by the run, not by intake
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(rejected(bad.reason())).isEqualTo(counted + 1));
        }
    }

    @Test
    void a_card_number_is_in_no_message() {
        String card = "4000056655665556";
        JobId id = stack.submit(unordered, "payment.charge", "k", WorkerStack.PAYMENT.replace("cus_1", card));

        stack.awaitFinal(List.of(id));

        assertThat(stack.query("SELECT concat(reason, detail, result) FROM job_history WHERE job_id = '" + id + "'"))
                .hasValueSatisfying(said -> assertThat(said).doesNotContain(card));
        assertThat(stack.logs()).doesNotContain(card);
    }

    @Test
    void a_zero_byte_in_an_id_an_empty_key_and_no_key_are_fine() {
        byte[] data = bytes(PAUSE);
        stack.send(new Submission("test", "zero\0byte", "test.pause", Optional.of("k"), data, Map.of())
                .toRecord(unordered));
        stack.send(
                new Submission("test", "empty key", "test.pause", Optional.of(""), data, Map.of()).toRecord(unordered));
        stack.send(new Submission("test", "no key", "test.pause", Optional.empty(), data, Map.of()).toRecord(keyed));
        List<JobId> all =
                List.of(JobId.of("test", "zero\0byte"), JobId.of("test", "empty key"), JobId.of("test", "no key"));

        stack.awaitFinal(all);

        stack.assertSucceededOnce(all);
    }

    /** librdkafka's default partitioner is not Java's: what kcat sends without a setting may come in the wrong place. */
    @Test
    void H13_a_key_in_the_wrong_partition_is_refused() {
        for (int partition = 0; partition < 2; partition++) {
            stack.send(new ProducerRecord<>(
                    Topics.jobs(keyed), partition, null, bytes("misplaced"), bytes(PAUSE), binary("test.pause")));
        }

        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(() -> assertThat(stack.rows(
                                "SELECT state || ' ' || coalesce(reason, '') FROM job_history" + " WHERE queue = '"
                                        + keyed + "' AND (order_key = 'misplaced' OR record_key = 'misplaced')"))
                        .containsExactlyInAnyOrder("succeeded ", "dead wrong_partition"));
    }

    @Test
    void a_submission_again_is_the_same_job_and_with_another_payload_it_is_a_conflict() {
        ProducerRecord<byte[], byte[]> once = submission("{\"millis\":1,\"later\":1}");
        stack.send(once);
        stack.send(once);
        stack.send(submission("{\"millis\":2,\"later\":2}"));
        JobId id = JobId.of("shop", "order-1");
        stack.awaitFinal(List.of(id));
        stack.send(once); // also when it is long over

        Awaitility.await().atMost(WorkerStack.PATIENCE).untilAsserted(() -> {
            assertThat(stack.count("SELECT count(*) FROM duplicate_submission WHERE job_id = '" + id + "'"))
                    .isEqualTo(2);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + unordered
                            + "' AND state = 'dead' AND reason = 'identity_conflict' AND job_id <> '" + id
                            + "' AND payload = '{\"millis\":2,\"later\":2}'"))
                    .isEqualTo(1);
        });
        stack.assertSucceededOnce(List.of(id));
    }

    /** A topic may let its producers set any time; Postgres' calendar ends sooner than Kafka's. */
    @Test
    void a_timestamp_that_postgres_cannot_hold_is_cut_down_and_the_job_runs() throws Exception {
        String queue = stack.queue(Ordering.NONE, 1);
        stack.admin()
                .incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.TOPIC, Topics.jobs(queue)),
                        List.of(new AlterConfigOp(
                                new ConfigEntry("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE)),
                                AlterConfigOp.OpType.SET))))
                .all()
                .get();
        JobId id = JobId.of("test", "far future");
        ProducerRecord<byte[], byte[]> record = new Submission(
                        "test", "far future", "test.pause", Optional.of("k"), bytes(PAUSE), Map.of())
                .toRecord(queue);
        // The broker has answered before it holds itself to it.
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> stack.send(new ProducerRecord<>(
                        record.topic(), 0, Long.MAX_VALUE, record.key(), record.value(), record.headers())));

        stack.awaitFinal(List.of(id));

        stack.assertSucceededOnce(List.of(id));
    }

    private double rejected(String reason) {
        return stack.metrics(worker)
                .lines()
                .filter(line -> line.startsWith("muster_jobs_rejected_total{reason=\"" + reason + "\"}"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    private static byte[] requireKey(Bad bad) {
        byte[] key = bad.key();
        if (key == null) {
            throw new IllegalStateException(bad + " has no key");
        }
        return key;
    }

    private ProducerRecord<byte[], byte[]> submission(String payload) {
        return new Submission("shop", "order-1", "test.pause", Optional.of("k"), bytes(payload), Map.of())
                .toRecord(unordered);
    }

    private static ProducerRecord<byte[], byte[]> structured(String json) {
        return record(structuredHeaders(), bytes(json));
    }

    private static ProducerRecord<byte[], byte[]> record(Headers headers, byte @Nullable [] value) {
        return new ProducerRecord<>("none", null, null, null, value, headers);
    }

    private static Headers structuredHeaders() {
        return new RecordHeaders().add("content-type", bytes("application/cloudevents+json; charset=UTF-8"));
    }

    private static Headers binary(String type) {
        return new RecordHeaders().add("ce_specversion", bytes("1.0")).add("ce_type", bytes(type));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    /** With a byte in it that begins no character. */
    private static byte[] broken(String json) {
        byte[] bytes = bytes(json.replace("millis", "mill!s"));
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '!') {
                bytes[i] = (byte) 0xFF;
            }
        }
        return bytes;
    }
}
