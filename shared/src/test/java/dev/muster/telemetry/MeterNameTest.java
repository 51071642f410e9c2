package dev.muster.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MeterNameTest {

    @ParameterizedTest
    @EnumSource(MeterName.class)
    void every_meter_shows_under_its_prometheus_name(MeterName name) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        String[] values = name.tags().toArray(String[]::new);

        switch (name.type()) {
            case COUNTER -> name.counter(registry, values);
            case TIMER -> name.timer(registry, values);
            case GAUGE -> name.gauge(registry, 1, Integer::doubleValue, values);
        }

        assertThat(registry.scrape()).contains("# TYPE " + name.prometheusName() + " ");
    }

    @Test
    void a_series_without_all_its_tags_is_refused() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

        assertThatThrownBy(() -> MeterName.JOBS_FINISHED.counter(registry, "payment.charge"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("job_type, outcome");
    }
}
