package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.supervision.runtime.Life;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StartAttemptsTest {
    private static final Duration PERIOD = Duration.ofSeconds(60);

    private long now = Long.MAX_VALUE - Duration.ofSeconds(30).toNanos(); // the clock runs over in the middle
    private Duration takes = Duration.ofSeconds(7);
    private boolean broken = true;
    private int tried;
    private final StartAttempts attempts = new StartAttempts("kafka", this::start, PERIOD, new Ticker() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }
    });

    @Test
    void starts_that_fail_slowly_are_not_tried_for_ever() {
        for (int i = 0; i < 30; i++) {
            assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
            if (tried == 9) {
                break;
            }
        }

        assertThatThrownBy(attempts::start)
                .isInstanceOf(StackException.class)
                .hasMessageContaining("kafka has failed to start 9 times in a row");
        assertThat(tried).isEqualTo(9);
    }

    @Test
    void a_start_that_runs_into_its_limit_gets_three_tries() {
        takes = Duration.ofSeconds(61);

        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(attempts::start).isInstanceOf(StackException.class);
        assertThat(tried).isEqualTo(3);
    }

    @Test
    void starts_that_fail_fast_are_left_to_the_intensity() {
        takes = Duration.ofSeconds(1);

        for (int i = 0; i < 60; i++) {
            assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void a_start_that_succeeds_begins_the_count_anew() throws Exception {
        takes = Duration.ofSeconds(61);
        assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
        broken = false;
        assertThat(attempts.start()).isEmpty();
        broken = true;

        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(attempts::start).isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(attempts::start).isInstanceOf(StackException.class);
    }

    private Optional<Life> start() {
        tried++;
        now += takes.toNanos();
        if (broken) {
            throw new IllegalStateException("broken");
        }
        return Optional.empty();
    }
}
