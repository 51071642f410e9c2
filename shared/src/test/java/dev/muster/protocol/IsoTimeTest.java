package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IsoTimeTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-11-30T12:00:00Z",
                "2026-11-30T12:00:00.000000001Z",
                "2026-11-30T12:00:00.001Z",
                "2026-11-30T12:00:00.100Z",
                "2026-11-30T12:00:00.000100Z",
                "2026-11-30T12:00:00.999999Z",
                "1969-12-31T23:59:59.999Z",
                "-0001-02-03T04:05:06.789Z",
                "+10000-01-01T00:00:00.5Z"
            })
    void it_is_what_the_library_writes(String text) {
        Instant at = Instant.parse(text);

        assertThat(IsoTime.of(at)).isEqualTo(at.toString());
    }

    @Test
    void whatever_came_before_it() {
        Random random = new Random(7);
        for (int i = 0; i < 100_000; i++) {
            int nanos = random.nextInt(1_000_000_000);
            Instant at = Instant.ofEpochSecond(
                    random.nextInt(4),
                    i % 3 == 0 ? nanos : i % 3 == 1 ? nanos / 1_000 * 1_000 : nanos / 1_000_000 * 1_000_000);

            assertThat(IsoTime.of(at)).isEqualTo(at.toString());
        }
    }
}
