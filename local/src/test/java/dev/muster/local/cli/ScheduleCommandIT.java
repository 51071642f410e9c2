package dev.muster.local.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.local.Console;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.ScheduleStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command line over real servers, without a coordinator. */
@ExtendWith(EmbeddedServers.class)
class ScheduleCommandIT {
    private static final List<String> DAILY = List.of(
            "--cron",
            "0 9 * * *",
            "--zone",
            "Europe/Berlin",
            "--queue",
            "reports",
            "--type",
            "report.daily",
            "--data",
            "{\"of\": \"yesterday\"}",
            "--key",
            "all");

    @TempDir
    private Path folder = Path.of("");

    private final Map<String, String> servers;

    ScheduleCommandIT(PostgresDatabase postgres, KafkaCluster kafka) {
        this.servers = Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers());
        Migrations.migrate(Settings.of(servers));
    }

    /** What a command said. */
    private record Said(int code, String out, String err) {}

    @BeforeEach
    void configure() throws IOException {
        Files.writeString(
                folder.resolve("muster.properties"),
                String.join(
                        "\n",
                        servers.entrySet().stream()
                                .map(e -> e.getKey() + "=" + e.getValue())
                                .toList()));
        assertThat(muster("queue", "create", "reports", "--ordering", "key", "--partitions", "2")
                        .code())
                .isZero();
    }

    @Test
    void a_schedule_is_made_shown_paused_run_and_deleted() {
        assertThat(create("daily", DAILY).code()).isZero();

        JsonNode listed =
                Json.MAPPER.readTree(muster("schedule", "list", "--json").out());
        assertThat(listed.path("next")).hasSize(3);
        assertThat(Instant.parse(listed.path("next").get(0).stringValue(""))).isAfter(Instant.now());
        assertThat(muster("schedule", "list").out()).contains("daily", "Europe/Berlin", " 09:00 +0");
        assertThat(muster("schedule", "show", "daily").out())
                .contains("report.daily", "{\"of\":\"yesterday\"}", "missed       once");

        assertThat(muster("schedule", "pause", "daily").code()).isZero();
        assertThat(muster("schedule", "list").out()).contains("paused");
        assertThat(muster("schedule", "resume", "daily").code()).isZero();
        assertThat(muster("schedule", "list").out()).doesNotContain("paused");

        Said ran = muster("schedule", "run-now", "daily");
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(JobId.parse(ran.out().strip()).toString())
                .isEqualTo(ran.out().strip());

        assertThat(muster("schedule", "delete", "daily").code()).isZero();
        assertThat(muster("schedule", "show", "daily").err()).contains("there is no schedule daily");
    }

    @Test
    void what_makes_no_sense_is_refused_and_nothing_is_made() {
        assertThat(create("x", with("--cron", "61 * * * *")).err()).contains("minute \"61\"");
        assertThat(create("x", with("--zone", "Europe/Atlantis")).err()).contains("no time zone Europe/Atlantis");
        assertThat(create("x", with("--queue", "nowhere")).err()).contains("there is no queue nowhere");
        assertThat(create("x", with("--type", "no type")).err()).contains("type has letters");
        assertThat(create("x", with("--data", "{")).err()).contains("no JSON");
        assertThat(create("x", with("--missed", "some")).err()).contains("neither skip, once nor all");
        assertThat(create("X y", DAILY).err()).contains("a schedule's name");

        try (Database database = Database.open(Settings.of(servers), "test", 1, Optional.empty())) {
            assertThat(new ScheduleStore(database).list(10)).isEmpty();
        }
    }

    @Test
    void a_name_is_given_once() {
        assertThat(create("twice", DAILY).code()).isZero();
        assertThat(create("twice", DAILY).err()).contains("muster schedule delete twice");
        assertThat(muster("schedule", "delete", "twice").code()).isZero();
    }

    private Said create(String name, List<String> options) {
        return muster(Stream.concat(Stream.of("schedule", "create", name), options.stream())
                .toArray(String[]::new));
    }

    private static List<String> with(String option, String value) {
        List<String> options = new ArrayList<>(DAILY);
        int at = options.indexOf(option);
        if (at >= 0) {
            options.set(at + 1, value);
        } else {
            options.addAll(List.of(option, value));
        }
        return options;
    }

    private Said muster(String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] all = Stream.concat(
                        Stream.of(words),
                        Stream.of(
                                "--folder",
                                folder.toString(),
                                "--config",
                                folder.resolve("muster.properties").toString()))
                .toArray(String[]::new);
        int code = MusterCommand.run(
                all,
                new Console(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false));
        return new Said(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
