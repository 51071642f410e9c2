package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
import dev.muster.supervision.AutoShutdown;
import dev.muster.supervision.RestartBackoff;
import dev.muster.supervision.Strategy;
import dev.muster.supervision.SupervisorFlags;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FleetRulesTest {

    @Test
    void defaults() {
        assertThat(FleetRules.of(Settings.of(Map.of())))
                .isEqualTo(new FleetRules(
                        "default",
                        new SupervisorFlags(Strategy.ONE_FOR_ONE, 20, Duration.ofSeconds(10), AutoShutdown.NEVER),
                        Duration.ofSeconds(35),
                        RestartBackoff.defaults()));
    }

    @Test
    void every_setting_counts() {
        assertThat(FleetRules.of(Settings.of(Map.of(
                        "muster.worker.pool", "slow",
                        "muster.fleet.strategy", "rest_for_one",
                        "muster.fleet.intensity", "3",
                        "muster.fleet.period", "1m",
                        "muster.worker.drain-timeout", "5s"))))
                .isEqualTo(new FleetRules(
                        "slow",
                        new SupervisorFlags(Strategy.REST_FOR_ONE, 3, Duration.ofMinutes(1), AutoShutdown.NEVER),
                        Duration.ofSeconds(10),
                        RestartBackoff.defaults()));
    }

    @Test
    void a_strategy_that_otp_does_not_have_and_a_part_of_a_second_are_mistakes() {
        assertThatThrownBy(() -> FleetRules.of(Settings.of(Map.of("muster.fleet.strategy", "all"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("one_for_one, one_for_all, rest_for_one");
        assertThatThrownBy(() -> FleetRules.of(Settings.of(Map.of("muster.fleet.period", "1500ms"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("whole seconds");
    }
}
