package dev.muster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    private static final Path NO_FILE = Path.of("does-not-exist.properties");

    @ParameterizedTest
    @EnumSource
    void default_is_what_nobody_has_set(Setting setting) {
        assertThat(Settings.of(Map.of()).string(setting)).isEqualTo(setting.defaultValue());
    }

    @Test
    void another_default_stands_back_behind_what_was_set() {
        Settings settings = Settings.of(Map.of(Setting.WORKER_SLOTS.key(), "5"));

        assertThat(settings.withDefault(Setting.WORKER_SLOTS, "16").string(Setting.WORKER_SLOTS))
                .isEqualTo("5");
        assertThat(settings.withDefault(Setting.WORKER_LANES, "4").string(Setting.WORKER_LANES))
                .isEqualTo("4");
    }

    @Test
    void keys_and_variables_are_one_form_and_unique() {
        assertThat(Setting.values())
                .extracting(Setting::key)
                .doesNotHaveDuplicates()
                .allMatch(key -> key.matches("muster(\\.[a-z]+(-[a-z]+)*)+"));
        assertThat(Setting.values()).extracting(Setting::environmentName).doesNotHaveDuplicates();
        assertThat(Setting.KAFKA_BOOTSTRAP.environmentName()).isEqualTo("MUSTER_KAFKA_BOOTSTRAP");
        assertThat(Setting.HEARTBEAT_SUSPECT.environmentName()).isEqualTo("MUSTER_HEARTBEAT_SUSPECT_AFTER");
        assertThat(Setting.values()).noneMatch(s -> s.help().isBlank());
    }

    @Test
    void every_key_is_read_from_the_file(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("muster.properties");
        Files.write(
                file,
                Arrays.stream(Setting.values())
                        .map(s -> s.key() + "=x-" + s.name())
                        .toList());

        Settings settings = Settings.load(file, Map.of(), Map.of());

        assertThat(Setting.values()).allMatch(s -> settings.string(s).equals("x-" + s.name()));
    }

    @Test
    void every_key_is_read_from_the_environment_and_passed_on_through_it() {
        Map<String, String> environment = Arrays.stream(Setting.values())
                .collect(Collectors.toMap(Setting::environmentName, s -> "x-" + s.name()));

        Settings settings = Settings.load(NO_FILE, environment, Map.of());

        assertThat(Setting.values()).allMatch(s -> settings.string(s).equals("x-" + s.name()));
        assertThat(settings.asEnvironment()).isEqualTo(environment);
    }

    @Test
    void later_sources_win(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("muster.properties"),
                "muster.worker.slots=1\nmuster.worker.lanes=1\nmuster.worker.pool=file\n");

        Settings settings = Settings.load(
                file,
                Map.of("MUSTER_WORKER_SLOTS", "2", "MUSTER_WORKER_LANES", "2"),
                Map.of("muster.worker.slots", "3"));

        assertThat(settings.integer(Setting.WORKER_SLOTS, 1, 9)).isEqualTo(3);
        assertThat(settings.integer(Setting.WORKER_LANES, 1, 9)).isEqualTo(2);
        assertThat(settings.string(Setting.WORKER_POOL)).isEqualTo("file");
        assertThat(settings.with(Setting.WORKER_POOL, "mine").string(Setting.WORKER_POOL))
                .isEqualTo("mine");
    }

    @Test
    void unknown_key_stops_the_start(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("muster.properties"), "muster.worker.slotz=1\n");

        assertThatThrownBy(() -> Settings.load(file, Map.of(), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll("muster.worker.slotz", file.toString());
        assertThatThrownBy(() -> Settings.load(NO_FILE, Map.of("MUSTER_WORKER_SLOTZ", "1"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("MUSTER_WORKER_SLOTZ");
        assertThatThrownBy(() -> Settings.load(NO_FILE, Map.of("MUSTER_WORKER_SLOTZ_FILE", "/x"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("MUSTER_WORKER_SLOTZ_FILE");
        assertThatThrownBy(() -> Settings.of(Map.of("worker.slots", "1")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll("worker.slots", "the command line");
    }

    @Test
    void what_is_not_ours_in_the_environment_is_left_alone() {
        Settings settings = Settings.load(NO_FILE, Map.of("PATH", "/bin", "MUSTER_HOME", "/opt"), Map.of());

        assertThat(settings.asEnvironment()).isEmpty();
    }

    @Test
    void secret_is_read_from_a_file(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("password"), "s3cret\n");

        Settings settings = Settings.load(NO_FILE, Map.of("MUSTER_POSTGRES_PASSWORD_FILE", file.toString()), Map.of());

        assertThat(settings.string(Setting.POSTGRES_PASSWORD)).isEqualTo("s3cret");
        assertThatThrownBy(
                        () -> Settings.load(NO_FILE, Map.of("MUSTER_POSTGRES_PASSWORD_FILE", file + "-gone"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("MUSTER_POSTGRES_PASSWORD_FILE");
    }

    @Test
    void client_settings_pass_through_and_come_back() {
        Settings settings = Settings.load(
                NO_FILE,
                Map.of("MUSTER_KAFKA_CLIENT_SECURITY_PROTOCOL", "SSL"),
                Map.of("muster.kafka.client.sasl.mechanism", "PLAIN"));

        assertThat(settings.kafkaClient()).isEqualTo(Map.of("security.protocol", "SSL", "sasl.mechanism", "PLAIN"));
        assertThat(Settings.load(NO_FILE, settings.asEnvironment(), Map.of()).kafkaClient())
                .isEqualTo(settings.kafkaClient());
    }

    static Stream<Setting> durations() {
        return matching("[0-9]+(ms|s|m|h|d)");
    }

    static Stream<Setting> integers() {
        return matching("[0-9]+");
    }

    static Stream<Setting> truths() {
        return matching("true|false");
    }

    @ParameterizedTest
    @MethodSource("durations")
    void every_duration_has_a_positive_default_and_takes_no_nonsense(Setting setting) {
        assertThat(Settings.of(Map.of()).duration(setting)).isPositive();
        for (String wrong :
                List.of("", "5", "0s", "-1s", "1.5s", "s", "1 week", "99999999999999999999s", "999999999d")) {
            assertThatThrownBy(() -> Settings.of(Map.of(setting.key(), wrong)).duration(setting))
                    .as(wrong)
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(setting.key());
        }
    }

    @ParameterizedTest
    @MethodSource("integers")
    void every_number_has_a_default_that_parses_and_takes_no_nonsense(Setting setting) {
        assertThat(Settings.of(Map.of()).integer(setting, 0, Integer.MAX_VALUE)).isNotNegative();
        for (String wrong : List.of("", "many", "1.5", "99999999999", "-1", "10")) {
            assertThatThrownBy(() -> Settings.of(Map.of(setting.key(), wrong)).integer(setting, 0, 9))
                    .as(wrong)
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContainingAll(setting.key(), "0", "9");
        }
    }

    @ParameterizedTest
    @MethodSource("truths")
    void every_truth_takes_no_nonsense(Setting setting) {
        assertThat(Settings.of(Map.of(setting.key(), "true")).bool(setting)).isTrue();
        assertThat(Settings.of(Map.of(setting.key(), "false")).bool(setting)).isFalse();
        assertThatThrownBy(() -> Settings.of(Map.of(setting.key(), "yes")).bool(setting))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll(setting.key(), "yes");
    }

    @Test
    void kinds_of_settings_are_not_overlooked() {
        assertThat(durations()).hasSizeGreaterThan(5).contains(Setting.LEASE_TTL);
        assertThat(integers()).hasSizeGreaterThan(5).contains(Setting.WORKER_SLOTS);
        assertThat(truths()).contains(Setting.FLEET_KILL_LOST);
    }

    @ParameterizedTest
    @CsvSource({"250ms,PT0.25S", "3s,PT3S", "5m,PT5M", "2h,PT2H", "7d,P7D", "7 d,P7D"})
    void durations_are_a_number_and_a_unit(String text, Duration expected) {
        assertThat(Settings.parseDuration(text, "window")).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"muster.postgres.password", "muster.payments.key"})
    void secrets_are_known(String key) {
        assertThat(Setting.ofKey(key))
                .hasValueSatisfying(s -> assertThat(s.isSecret()).isTrue());
    }

    private static Stream<Setting> matching(String pattern) {
        return Arrays.stream(Setting.values()).filter(s -> s.defaultValue().matches(pattern));
    }
}
