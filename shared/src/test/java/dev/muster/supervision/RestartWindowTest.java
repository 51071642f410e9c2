package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartWindowTest {
    private static final Duration PERIOD = Duration.ofSeconds(1);

    @Test
    void counts_in_whole_seconds_as_otp_does() {
        assertThat(restartsAt(0, 1_900).count()).isEqualTo(2);
        assertThat(restartsAt(900, 2_000).count()).isEqualTo(1);
    }

    @Test
    void counts_below_zero_too() {
        assertThat(restartsAt(-2_000, -100).count()).isEqualTo(2);
        assertThat(restartsAt(-1_100, 0).count()).isEqualTo(1);
    }

    private static RestartWindow restartsAt(long... millis) {
        RestartWindow window = RestartWindow.empty();
        for (long at : millis) {
            window = window.add(Duration.ofMillis(at).toNanos(), PERIOD);
        }
        return window;
    }
}
