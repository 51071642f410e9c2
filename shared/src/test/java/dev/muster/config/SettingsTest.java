package dev.muster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SettingsTest {
    private static final Path NO_FILE = Path.of("none.properties");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(Setting.class)
    void every_setting_has_a_default_and_is_read_from_file_environment_and_command_line(Setting setting)
            throws IOException {
        Path file = folder.resolve("muster.properties");
        Files.writeString(file, setting.key() + "=from the file\n");
        Map<String, String> environment = Map.of(setting.environmentName(), "from the environment");
        Map<String, String> overrides = Map.of(setting.key(), "from the command line");

        assertThat(Settings.of(Map.of()).string(setting)).isEqualTo(setting.defaultValue());
        assertThat(Settings.load(file, Map.of(), Map.of()).string(setting)).isEqualTo("from the file");
        assertThat(Settings.load(file, environment, Map.of()).string(setting)).isEqualTo("from the environment");
        assertThat(Settings.load(file, environment, overrides).string(setting)).isEqualTo("from the command line");
    }

    @Test
    void no_two_settings_share_a_key_or_a_variable() {
        assertThat(Arrays.stream(Setting.values()).map(Setting::key)).doesNotHaveDuplicates();
        assertThat(Arrays.stream(Setting.values()).map(Setting::environmentName))
                .doesNotHaveDuplicates();
    }

    @Test
    void a_key_that_nobody_knows_stops_the_start_wherever_it_stands() throws IOException {
        Path file = folder.resolve("muster.properties");
        Files.writeString(file, "muster.worker.slot=3\n");

        assertThatThrownBy(() -> Settings.load(file, Map.of(), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("muster.worker.slot");
        assertThatThrownBy(() -> Settings.load(NO_FILE, Map.of("MUSTER_WORKER_SLOT", "3"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("MUSTER_WORKER_SLOT");
        assertThatThrownBy(() -> Settings.of(Map.of("muster.worker.slot", "3"))).isInstanceOf(ConfigException.class);
    }

    @Test
    void what_is_not_ours_in_the_environment_is_left_alone() {
        Map<String, String> environment = Map.of("PATH", "/bin", "MUSTER_HOME", "/opt/muster");

        assertThat(Settings.load(NO_FILE, environment, Map.of()).asEnvironment())
                .isEmpty();
    }

    @Test
    void a_secret_comes_from_a_file_too() throws IOException {
        Path secret = folder.resolve("password");
        Files.writeString(secret, "hunter2\n");

        Settings settings =
                Settings.load(NO_FILE, Map.of("MUSTER_POSTGRES_PASSWORD_FILE", secret.toString()), Map.of());

        assertThat(settings.string(Setting.POSTGRES_PASSWORD)).isEqualTo("hunter2");
        assertThatThrownBy(() -> Settings.load(
                        NO_FILE,
                        Map.of(
                                "MUSTER_POSTGRES_PASSWORD_FILE",
                                folder.resolve("absent").toString()),
                        Map.of()))
                .isInstanceOf(ConfigException.class);
    }

    @Test
    void settings_of_kafkas_clients_pass_through() {
        Map<String, String> overrides = Map.of("muster.kafka.client.security.protocol", "SSL");

        Settings settings = Settings.load(NO_FILE, Map.of("MUSTER_KAFKA_CLIENT_CLIENT_RACK", "b"), overrides);

        assertThat(settings.kafkaClient())
                .containsOnly(Map.entry("security.protocol", "SSL"), Map.entry("client.rack", "b"));
    }

    /** How a launcher hands its settings on. */
    @Test
    void settings_survive_the_way_through_the_environment() {
        Map<String, String> all = new LinkedHashMap<>();
        for (Setting setting : Setting.values()) {
            all.put(setting.key(), "value of " + setting);
        }
        all.put("muster.kafka.client.client.rack", "b");

        Settings there = Settings.load(NO_FILE, Settings.of(all).asEnvironment(), Map.of());

        for (Setting setting : Setting.values()) {
            assertThat(there.string(setting)).isEqualTo("value of " + setting);
        }
        assertThat(there.kafkaClient()).containsOnly(Map.entry("client.rack", "b"));
    }

    @Test
    void durations_are_read_with_their_units() {
        assertThat(Settings.parseDuration("250ms", "x")).isEqualTo(Duration.ofMillis(250));
        assertThat(Settings.parseDuration("3 s", "x")).isEqualTo(Duration.ofSeconds(3));
        assertThat(Settings.parseDuration("5m", "x")).isEqualTo(Duration.ofMinutes(5));
        assertThat(Settings.parseDuration("2h", "x")).isEqualTo(Duration.ofHours(2));
        assertThat(Settings.parseDuration("7d", "x")).isEqualTo(Duration.ofDays(7));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "3", "s", "-3s", "3 weeks", "1.5s", "99999999999999999999s", "9223372036854775807d"})
    void a_duration_that_is_none_stops_the_start(String text) {
        assertThatThrownBy(() -> Settings.parseDuration(text, "the key"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("the key");
    }

    @Test
    void numbers_and_truth_values_are_checked() {
        Settings settings = Settings.of(Map.of("muster.worker.slots", "0", "muster.fleet.kill-lost", "yes"));

        assertThatThrownBy(() -> settings.integer(Setting.WORKER_SLOTS, 1, 10)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> settings.bool(Setting.FLEET_KILL_LOST)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> settings.with(Setting.LEASE_TTL, "0s").duration(Setting.LEASE_TTL))
                .isInstanceOf(ConfigException.class);
        assertThat(settings.with(Setting.WORKER_SLOTS, " 7 ").integer(Setting.WORKER_SLOTS, 1, 10))
                .isEqualTo(7);
        assertThat(settings.with(Setting.FLEET_KILL_LOST, "false").bool(Setting.FLEET_KILL_LOST))
                .isFalse();
    }
}
