package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class EventCodecTest {

    @Test
    void it_is_a_cloud_event_in_binary_mode() {
        ProducerRecord<byte[], byte[]> record = event("dev.muster.job.succeeded");

        assertThat(Arrays.stream(record.headers().toArray())
                        .map(header -> header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8)))
                .containsExactly(
                        "ce_specversion=1.0",
                        "ce_id=job-7",
                        "ce_source=muster",
                        "ce_type=dev.muster.job.succeeded",
                        "ce_time=1970-01-01T00:00:00Z",
                        "content-type=application/json");
        assertThat(record.topic()).isEqualTo(Topics.EVENTS);
    }

    @Test
    void what_is_null_is_left_out() {
        assertThat(new String(event("dev.muster.job.dead").value(), StandardCharsets.UTF_8))
                .isEqualTo("{\"queue\":\"payments\",\"type\":\"payment.charge\",\"at\":\"1970-01-01T00:00:00Z\"}");
    }

    @Test
    void statistics_read_queue_and_outcome_of_job_events_only() {
        ProducerRecord<byte[], byte[]> job = event("dev.muster.job.retried");
        ProducerRecord<byte[], byte[]> incident = event(EventCodec.INCIDENT);

        assertThat(EventCodec.jobEvent(job.headers(), job.value()))
                .hasValueSatisfying(event -> assertThat(event.outcome()).isEqualTo("retried"));
        assertThat(EventCodec.jobEvent(incident.headers(), incident.value())).isEmpty();
        assertThat(EventCodec.jobEvent(job.headers(), new byte[] {'{'})).isEmpty();
    }

    @Test
    void a_job_event_is_read_whatever_else_stands_in_it_and_only_as_a_whole() {
        assertThat(jobEvent(
                        "{\"a\":{\"queue\":\"x\"},\"b\":[1,[2]],\"\\u0071ueue\":\"q\",\"end_to_end\":1.5,\"c\":null}"))
                .contains(new EventCodec.JobEvent("q", "dead", OptionalDouble.of(1.5)));
        assertThat(jobEvent("{\"queue\":\"q\",\"end_to_end\":null}"))
                .contains(new EventCodec.JobEvent("q", "dead", OptionalDouble.empty()));
        assertThat(jobEvent("{\"queue\":7}")).isEmpty();
        assertThat(jobEvent("{\"queue\":\"q\"} x")).isEmpty();
        assertThat(jobEvent("{\"queue\":\"q\"}{}")).isEmpty();
        assertThat(jobEvent("[]")).isEmpty();
        assertThat(jobEvent("")).isEmpty();
    }

    private static Optional<EventCodec.JobEvent> jobEvent(String json) {
        return EventCodec.jobEvent(event("dev.muster.job.dead").headers(), json.getBytes(StandardCharsets.UTF_8));
    }

    private static ProducerRecord<byte[], byte[]> event(String type) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("queue", "payments");
        body.put("type", "payment.charge");
        body.put("reason", null);
        body.put("at", Instant.EPOCH);
        return EventCodec.record(new EventCodec.Envelope("job-7", type, Instant.EPOCH, "key"), body);
    }
}
