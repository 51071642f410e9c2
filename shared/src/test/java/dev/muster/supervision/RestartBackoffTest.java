package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RestartBackoffTest {

    @Test
    void the_pause_never_exceeds_the_longest_however_long_the_row() {
        SplittableRandom random = new SplittableRandom(7);
        for (int nth = 7; nth < 200; nth++) {
            assertThat(RestartBackoff.defaults().before(nth, random))
                    .isBetween(Duration.ofMillis(640), Duration.ofSeconds(1));
        }
    }

    @Test
    void a_first_pause_that_is_longer_than_the_longest_is_refused() {
        assertThatThrownBy(() ->
                        new RestartBackoff(0, Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(2)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
