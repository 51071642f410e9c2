package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.Test;

class RecordHeadersTest {

    @Test
    void headers_come_back_in_order_with_doubles_nulls_and_empty_values() {
        Headers headers = new org.apache.kafka.common.header.internals.RecordHeaders()
                .add(new RecordHeader("ce_id", "é1".getBytes(StandardCharsets.UTF_8)))
                .add(new RecordHeader("nothing", null))
                .add(new RecordHeader("", new byte[0]))
                .add(new RecordHeader("ce_id", new byte[] {0, -1}));

        Headers decoded = RecordHeaders.decode(RecordHeaders.encode(headers));

        assertThat(decoded).containsExactlyElementsOf(headers);
    }

    @Test
    void no_headers_are_no_bytes() {
        assertThat(RecordHeaders.encode(new org.apache.kafka.common.header.internals.RecordHeaders()))
                .isEmpty();
        assertThat(RecordHeaders.decode(new byte[0])).isEmpty();
    }

    @Test
    void the_layout_is_lengths_then_bytes() {
        byte[] bytes = RecordHeaders.encode(
                new org.apache.kafka.common.header.internals.RecordHeaders().add("a", new byte[] {7}));

        assertThat(bytes).containsExactly(0, 0, 0, 1, 'a', 0, 0, 0, 1, 7);
    }

    @Test
    void bytes_that_are_no_headers_are_refused() {
        assertThatThrownBy(() -> RecordHeaders.decode(new byte[] {0, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("end early");
        byte[] huge = ByteBuffer.allocate(8).putInt(1_000_000).array();
        assertThatThrownBy(() -> RecordHeaders.decode(huge))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000000");
    }
}
