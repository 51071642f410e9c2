package dev.muster.local.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PercentilesTest {
    @Test
    void nothing_measured_is_zero() {
        assertThat(Percentiles.of(List.of())).isEqualTo(new Percentiles(0, 0, 0, 0));
    }

    @Test
    void ranks_are_nearest() {
        assertThat(Percentiles.of(LongStream.rangeClosed(1, 100).boxed().toList()))
                .isEqualTo(new Percentiles(100, 50, 99, 100));
        assertThat(Percentiles.of(List.of(7L))).isEqualTo(new Percentiles(1, 7, 7, 7));
    }
}
