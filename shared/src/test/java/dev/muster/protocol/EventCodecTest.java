package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
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

    private static ProducerRecord<byte[], byte[]> event(String type) {
        return EventCodec.record(new EventCodec.Envelope("job-7", type, Instant.EPOCH, "key"), body -> {
            body.put("queue", "payments");
            body.put("type", "payment.charge");
            body.put("reason", null);
            body.put("at", Instant.EPOCH);
        });
    }
}
