package dev.muster.local.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.local.trial.Evidence;
import dev.muster.protocol.Json;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoReportTest {
    @Test
    void json_has_the_keys_that_scripts_rely_on() {
        Evidence nothing = new Evidence(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

        String json = Json.MAPPER.writeValueAsString(
                DemoReport.of(nothing, 0, 3, Duration.ofMillis(2500)).json());

        assertThat(json)
                .isEqualTo("{\"submitted\":0,\"succeeded\":0,\"declined\":0,\"dead\":0,\"cancelled\":0,\"expired\":0,"
                        + "\"unknown\":0,\"lost\":0,\"provider_charges\":0,\"duplicate_charges\":0,\"worker_kills\":0,"
                        + "\"restarts\":3,\"recovery_ms\":{\"p50\":0,\"p99\":0,\"max\":0},"
                        + "\"end_to_end_ms\":{\"p50\":0,\"p99\":0},\"jobs_per_second\":0.0,\"wall_s\":2.5,"
                        + "\"audit\":\"ok\"}");
    }
}
