package dev.muster.local.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PacingTest {
    @Test
    void a_small_demo_is_slow_enough_for_more_than_ten_kills() {
        Pacing pacing = Pacing.lastingForKills(1200, Duration.ofSeconds(6), Duration.ofSeconds(2));

        assertThat(pacing.perSecond()).isEqualTo(40);
        assertThat(pacing.lasting(1200)).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void a_large_demo_stays_at_what_two_cores_handle() {
        assertThat(Pacing.lastingForKills(20_000, Duration.ofSeconds(10), Duration.ofSeconds(2))
                        .perSecond())
                .isEqualTo(Pacing.MOST);
    }

    @Test
    void the_first_job_is_due_at_once_and_the_others_evenly() {
        Pacing pacing = new Pacing(100);

        assertThat(pacing.due(0)).isEqualTo(1);
        assertThat(pacing.due(Duration.ofMillis(15).toNanos())).isEqualTo(2);
        assertThat(pacing.due(Duration.ofSeconds(1).toNanos())).isEqualTo(101);
    }
}
