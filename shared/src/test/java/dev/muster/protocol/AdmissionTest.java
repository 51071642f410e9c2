package dev.muster.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

final class AdmissionTest {
    private static final Admission ADMISSION = new Admission(1_000, type -> !type.equals("unheard.of"));
    private static final Queue KEYED = new Queue("q", Ordering.KEY, "default", 1, Optional.empty(), false);

    @Test
    void a_record_is_judged_as_it_came_and_as_it_was_stored_alike() {
        ProducerRecord<byte[], byte[]> record = record("pay", Optional.of("cus_1"), "{\"amount\":1}");
        StoredRecord stored = stored(record);

        Admission.Admitted came = (Admission.Admitted) ADMISSION.judge(stored, record.headers(), 0, KEYED);
        Admission.Admitted later = (Admission.Admitted) ADMISSION.judge(stored, 0, KEYED);

        assertThat(later.job()).isEqualTo(came.job());
        assertThat(later.payloadHash()).isEqualTo(came.payloadHash()).hasSize(Admission.HASH_BYTES);
        assertThat(later.orderKey()).contains("cus_1");
    }

    @Test
    void what_no_worker_can_run_is_refused() {
        assertThat(reason(stored(record("unheard.of", Optional.empty(), "{}")), 0))
                .isEqualTo(Envelope.Reason.UNKNOWN_TYPE);
        assertThat(reason(stored(record("pay", Optional.empty(), "\"" + "x".repeat(1_000) + "\"")), 0))
                .isEqualTo(Envelope.Reason.TOO_LARGE);
        assertThat(reason(stored(record("pay", Optional.of("a\0b"), "{}")), 0)).isEqualTo(Envelope.Reason.BAD_KEY);
        assertThat(reason(stored(record("pay", Optional.of("k"), "{}")), 1)).isEqualTo(Envelope.Reason.WRONG_PARTITION);
        assertThat(reason(new StoredRecord(null, new byte[0], new byte[] {0, 0, 0, 9}), 0))
                .isEqualTo(Envelope.Reason.UNDECODABLE);
    }

    @Test
    void another_payload_takes_the_place_of_the_first_in_both_modes() {
        StoredRecord binary = stored(record("pay", Optional.empty(), "{\"amount\":1}"));
        assertThat(new String(binary.withData(bytes("{\"amount\":2}")).value(), UTF_8))
                .isEqualTo("{\"amount\":2}");

        ProducerRecord<byte[], byte[]> event =
                new ProducerRecord<>("t", bytes("{\"specversion\":\"1.0\",\"type\":\"pay\",\"data_base64\":\"e30=\"}"));
        event.headers().add("content-type", bytes(Envelope.STRUCTURED));
        StoredRecord edited = stored(event).withData(bytes("{\"amount\":2}"));
        assertThat(new String(Envelope.data(event.headers(), edited.value()), UTF_8))
                .isEqualTo("{\"amount\":2}");
        assertThat(edited.envelope()).isInstanceOf(Envelope.Job.class);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> binary.withData(bytes("{")))
                .withMessageContaining("no JSON");
    }

    private static Envelope.Reason reason(StoredRecord record, int partition) {
        return ((Admission.Refused) ADMISSION.judge(record, partition, KEYED)).reason();
    }

    private static ProducerRecord<byte[], byte[]> record(String type, Optional<String> key, String data) {
        return new Submission("shop", "1", type, key, bytes(data), Map.of()).toRecord("q");
    }

    private static StoredRecord stored(ProducerRecord<byte[], byte[]> record) {
        return new StoredRecord(record.key(), record.value(), RecordHeaders.encode(record.headers()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
