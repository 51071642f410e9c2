package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class DeadLettersTest {
    private static final JobId JOB = JobId.of("shop", "1");

    @Test
    void key_value_and_headers_stay_as_they_were_and_ours_follow() {
        ProducerRecord<byte[], byte[]> letter = letter("java.net.ConnectException: refused: 1.2.3.4");

        assertThat(letter.key()).containsExactly(1);
        assertThat(letter.value()).containsExactly(0, -1);
        assertThat(letter.headers().toArray()[0].key()).isEqualTo("ce_id");
        assertThat(text(letter, DeadLetters.JOB_ID)).isEqualTo(JOB.toString());
        assertThat(text(letter, DeadLetters.REASON)).isEqualTo("attempts_exhausted");
        assertThat(text(letter, "kafka_dlt-exception-fqcn")).isEqualTo("java.net.ConnectException");
        assertThat(text(letter, "kafka_dlt-exception-message")).isEqualTo("refused: 1.2.3.4");
        assertThat(letter.headers().lastHeader("kafka_dlt-original-partition").value())
                .containsExactly(0, 0, 0, 3);
        assertThat(letter.headers().lastHeader("kafka_dlt-original-offset").value())
                .containsExactly(0, 0, 0, 0, 0, 0, 1, 0);
    }

    @Test
    void a_detail_that_names_no_class_is_the_message() {
        assertThat(text(letter("the amount is missing"), "kafka_dlt-exception-message"))
                .isEqualTo("the amount is missing");
        assertThat(text(letter(null), "kafka_dlt-exception-message")).isEqualTo("attempts_exhausted");
        assertThat(letter(null).headers().lastHeader(DeadLetters.DETAIL)).isNull();
    }

    private static ProducerRecord<byte[], byte[]> letter(@org.jspecify.annotations.Nullable String detail) {
        var headers = new org.apache.kafka.common.header.internals.RecordHeaders().add("ce_id", new byte[] {9});
        return DeadLetters.record(
                JOB,
                new DeadLetters.Original(
                        "muster.jobs.payments",
                        3,
                        256,
                        1_700_000_000_000L,
                        new byte[] {1},
                        new byte[] {0, -1},
                        headers),
                "attempts_exhausted",
                detail);
    }

    private static String text(ProducerRecord<byte[], byte[]> letter, String name) {
        return new String(letter.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }
}
