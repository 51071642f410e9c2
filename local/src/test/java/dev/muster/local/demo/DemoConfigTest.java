package dev.muster.local.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DemoConfigTest {
    private final DemoConfig config = new DemoConfig(
            1100, 3, Duration.ofSeconds(10), Duration.ofSeconds(2), Optional.of(100.0), 0.2, 10, 1, Optional.empty());

    @Test
    void a_slow_machine_is_not_buried() {
        assertThat(config.allowed(10, 300)).isEqualTo(500); // two seconds of submissions may be open
    }

    @Test
    void there_is_work_left_until_the_kills_have_happened() {
        assertThat(config.allowed(0, 1000)).isEqualTo(1100 * 6 / 16); // the warm-up lasts as long as five kills
        assertThat(config.allowed(9, 1000)).isEqualTo(1100 * 15 / 16);
        assertThat(config.allowed(10, 1000)).isEqualTo(1100);
    }
}
