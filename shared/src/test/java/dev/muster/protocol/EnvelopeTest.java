package dev.muster.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.NewJob;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.kafka.KafkaMessageFactory;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EnvelopeTest {
    private static final byte[] DATA = "{\"amount\":1000}".getBytes(UTF_8);

    @Test
    void what_a_submission_writes_is_read_back() {
        ProducerRecord<byte[], byte[]> record = new Submission(
                        "shop",
                        "order-1",
                        "payment.charge",
                        Optional.of("cus_1"),
                        DATA,
                        Map.of(
                                "musterretrybase", "PT1.5S",
                                "musterretrycap", "PT2M",
                                "musterrunat", "2030-01-02T03:04:05+01:00",
                                "musterdeadline", "2030-01-03T00:00:00Z",
                                "mustermaxattempts", "4",
                                "musteruniquekey", "order-1",
                                "musterlimitkey", "eu"))
                .toRecord("payments");

        assertThat(Envelope.read(record.headers(), record.value()))
                .isEqualTo(new Envelope.Job(
                        Optional.of(new Envelope.Identity("shop", "order-1")),
                        "payment.charge",
                        Optional.of(Instant.parse("2030-01-02T02:04:05Z")),
                        Optional.of(Instant.parse("2030-01-03T00:00:00Z")),
                        new NewJob.Retries(
                                Optional.of(4),
                                Optional.of(Duration.ofMillis(1500)),
                                Optional.of(Duration.ofMinutes(2))),
                        Optional.of("order-1"),
                        Optional.of("eu")));
        assertThat(Envelope.data(record.headers(), record.value())).isEqualTo(DATA);
    }

    /** The official SDK as the sender, binary mode. */
    @Test
    void binary_events_of_the_cloud_events_sdk_are_understood() {
        ProducerRecord<Void, byte[]> record =
                KafkaMessageFactory.createWriter("topic").writeBinary(event());

        assertThat(Envelope.read(record.headers(), record.value())).isEqualTo(expected());
        assertThat(Envelope.data(record.headers(), record.value())).isEqualTo(DATA);
    }

    /** And the SDK as the reader of what we send. */
    @Test
    void the_cloud_events_sdk_understands_a_submission() {
        ProducerRecord<byte[], byte[]> record = new Submission(
                        "shop", "order-1", "payment.charge", Optional.of("k"), DATA, Map.of("mustermaxattempts", "4"))
                .toRecord("payments");

        CloudEvent event = KafkaMessageFactory.createReader(record.headers(), record.value())
                .toEvent();

        assertThat(event.getId()).isEqualTo("order-1");
        assertThat(event.getSource()).isEqualTo(URI.create("shop"));
        assertThat(event.getType()).isEqualTo("payment.charge");
        assertThat(event.getExtension("mustermaxattempts")).isEqualTo("4");
        assertThat(java.util.Objects.requireNonNull(event.getData()).toBytes()).isEqualTo(DATA);
    }

    @Test
    void a_structured_event_with_json_data_is_understood() {
        Headers headers = structured();
        byte[] value = ("{\"specversion\":\"1.0\",\"id\":\"order-1\",\"source\":\"shop\",\"type\":\"payment.charge\","
                        + "\"mustermaxattempts\":4,\"data\":{\"amount\":1000}}")
                .getBytes(UTF_8);

        assertThat(Envelope.read(headers, value)).isEqualTo(expected());
        assertThat(Envelope.data(headers, value)).isEqualTo(DATA);
    }

    @Test
    void a_structured_event_with_binary_data_is_understood() {
        byte[] value = ("{\"specversion\":\"1.0\",\"id\":\"order-1\",\"source\":\"shop\",\"type\":\"payment.charge\","
                        + "\"mustermaxattempts\":\"4\",\"data_base64\":\"eyJhbW91bnQiOjEwMDB9\"}")
                .getBytes(UTF_8);

        assertThat(Envelope.read(structured(), value)).isEqualTo(expected());
        assertThat(Envelope.data(structured(), value)).isEqualTo(DATA);
    }

    @Test
    void a_record_without_source_or_id_is_a_job_without_identity() {
        Headers headers =
                new RecordHeaders().add("ce_type", "t".getBytes(UTF_8)).add("ce_id", "1".getBytes(UTF_8));

        assertThat(Envelope.read(headers, DATA))
                .isInstanceOfSatisfying(
                        Envelope.Job.class, job -> assertThat(job.identity()).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1001", "-1", "many", "1.5", "99999999999"})
    void a_limit_that_is_none_is_refused(String limit) {
        assertThat(Envelope.read(with("ce_mustermaxattempts", limit), DATA))
                .isInstanceOfSatisfying(
                        Envelope.Rejected.class,
                        no -> assertThat(no.reason()).isEqualTo(Envelope.Reason.BAD_ATTRIBUTE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2s", "PT0S", "-PT1S", "PT0.0001S", "P367D", "P1Y"})
    void a_wait_that_is_none_is_refused(String wait) {
        assertThat(Envelope.read(with("ce_musterretrybase", wait), DATA))
                .isInstanceOfSatisfying(
                        Envelope.Rejected.class,
                        no -> assertThat(no.reason()).isEqualTo(Envelope.Reason.BAD_ATTRIBUTE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tomorrow",
                "2030-01-02",
                "2030-01-02T03:04:05",
                "+999999999-01-01T00:00:00Z",
                "1969-12-31T00:00:00Z"
            })
    void a_time_that_is_none_or_that_postgres_cannot_hold_is_refused(String time) {
        assertThat(Envelope.read(with("ce_musterrunat", time), DATA))
                .isInstanceOfSatisfying(
                        Envelope.Rejected.class,
                        no -> assertThat(no.reason()).isEqualTo(Envelope.Reason.BAD_ATTRIBUTE));
    }

    /** No bytes make the reader throw; 5,000 mutations of a good event from a fixed seed. */
    @Test
    void no_bytes_make_it_throw() {
        byte[] good = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"e30=\"}"
                .getBytes(UTF_8);
        java.util.SplittableRandom random = new java.util.SplittableRandom(7);
        int rejected = 0;
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = good.clone();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Envelope envelope = Envelope.read(structured(), bytes);
            if (envelope instanceof Envelope.Job) {
                Envelope.data(structured(), bytes); // what is a job has data that can be had
            } else {
                rejected++;
            }
        }
        assertThat(rejected).isBetween(1, 4_999);
    }

    private static CloudEvent event() {
        return CloudEventBuilder.v1()
                .withId("order-1")
                .withSource(URI.create("shop"))
                .withType("payment.charge")
                .withExtension("mustermaxattempts", 4)
                .withData("application/json", DATA)
                .build();
    }

    private static Envelope expected() {
        return new Envelope.Job(
                Optional.of(new Envelope.Identity("shop", "order-1")),
                "payment.charge",
                Optional.empty(),
                Optional.empty(),
                new NewJob.Retries(Optional.of(4), Optional.empty(), Optional.empty()),
                Optional.empty(),
                Optional.empty());
    }

    private static Headers structured() {
        return new RecordHeaders().add("content-type", "application/cloudevents+json; charset=UTF-8".getBytes(UTF_8));
    }

    private static Headers with(String header, String value) {
        return new RecordHeaders().add("ce_type", "t".getBytes(UTF_8)).add(header, value.getBytes(UTF_8));
    }
}
