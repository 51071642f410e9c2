package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

    /** It is in the tables. */
    @Test
    void the_layout_is_a_number_or_a_name_and_a_value() {
        byte[] bytes = RecordHeaders.encode(new org.apache.kafka.common.header.internals.RecordHeaders()
                .add("a", new byte[] {7})
                .add("ce_id", new byte[] {8, 9})
                .add("ce_musterlimitkey", null));

        assertThat(bytes).containsExactly(0, 1, 'a', 2, 7, 3, 3, 8, 9, 20, 0);
    }

    @Test
    void long_values_and_names_come_back() {
        Headers headers = new org.apache.kafka.common.header.internals.RecordHeaders()
                .add("é".repeat(500), new byte[100_000])
                .add("ce_source", new byte[300]);

        assertThat(RecordHeaders.decode(RecordHeaders.encode(headers))).containsExactlyElementsOf(headers);
    }

    @Test
    void bytes_that_are_no_headers_are_refused() {
        assertThatThrownBy(() -> RecordHeaders.decode(new byte[] {3}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("end early");
        assertThatThrownBy(() -> RecordHeaders.decode(new byte[] {3, 101, 1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is 100, but 1");
        assertThatThrownBy(() -> RecordHeaders.decode(new byte[] {21, 1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number 21");
        assertThatThrownBy(() -> RecordHeaders.decode(new byte[] {3, -1, -1, -1, -1, -1, -1}))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
