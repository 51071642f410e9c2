package dev.muster.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class RetryPolicyTest {
    private static final RetryPolicy POLICY = new RetryPolicy(5, Duration.ofMillis(100), Duration.ofSeconds(1));

    @Test
    void the_wait_doubles_up_to_the_cap() {
        assertThat(POLICY.delay(1, longest())).isEqualTo(Duration.ofMillis(100));
        assertThat(POLICY.delay(2, longest())).isEqualTo(Duration.ofMillis(200));
        assertThat(POLICY.delay(4, longest())).isEqualTo(Duration.ofMillis(800));
        assertThat(POLICY.delay(5, longest())).isEqualTo(Duration.ofSeconds(1));
        assertThat(POLICY.delay(Integer.MAX_VALUE, longest())).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void the_jitter_is_full_and_no_wait_is_zero() {
        SplittableRandom random = new SplittableRandom(1);
        long shortest = Long.MAX_VALUE;
        long longest = 0;
        for (int i = 0; i < 2_000; i++) {
            long wait = POLICY.delay(1, random).toMillis();
            shortest = Math.min(shortest, wait);
            longest = Math.max(longest, wait);
        }

        assertThat(shortest).isEqualTo(1);
        assertThat(longest).isEqualTo(100);
    }

    @Test
    void a_cap_of_years_does_not_overflow() {
        RetryPolicy patient = new RetryPolicy(100, Duration.ofDays(1), Duration.ofDays(100_000));

        assertThat(patient.delay(60, longest())).isEqualTo(Duration.ofDays(100_000));
    }

    @Test
    void nonsense_is_refused() {
        Duration second = Duration.ofSeconds(1);

        assertThatThrownBy(() -> new RetryPolicy(0, second, second)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RetryPolicy(1, Duration.ZERO, second))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RetryPolicy(1, second, Duration.ofMillis(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Always the upper end. */
    private static RandomGenerator longest() {
        return new RandomGenerator() {
            @Override
            public long nextLong() {
                return 0;
            }

            @Override
            public long nextLong(long origin, long bound) {
                return bound - 1;
            }
        };
    }
}
