package dev.muster.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HotMetersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HotMeters hot = new HotMeters(registry);

    @Test
    void a_series_is_the_registrys_own_whoever_looks_it_up() {
        hot.counter(MeterName.JOBS_FINISHED, "mail", "succeeded").increment();
        hot.timer(MeterName.DB_OPERATION, "claim").record(Duration.ofMillis(5));

        assertThat(MeterName.JOBS_FINISHED
                        .counter(registry, "mail", "succeeded")
                        .count())
                .isEqualTo(1);
        assertThat(MeterName.DB_OPERATION.timer(registry, "claim").count()).isEqualTo(1);
    }

    @Test
    void other_values_are_another_series() {
        hot.counter(MeterName.JOBS_FINISHED, "mail", "succeeded").increment();
        hot.counter(MeterName.JOBS_FINISHED, "mail", "dead").increment(2);

        assertThat(hot.counter(MeterName.JOBS_FINISHED, "mail", "succeeded").count())
                .isEqualTo(1);
        assertThat(hot.counter(MeterName.JOBS_FINISHED, "mail", "dead").count()).isEqualTo(2);
    }
}
