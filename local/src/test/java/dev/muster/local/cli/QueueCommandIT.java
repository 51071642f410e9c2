package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.Console;
import dev.muster.protocol.Topics;
import dev.muster.store.Migrations;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code muster queue …} as a person types it. */
@ExtendWith(EmbeddedServers.class)
class QueueCommandIT {
    @TempDir
    private Path folder = Path.of("");

    /** What a command has said. */
    private record Said(int code, String out, String err) {}

    @Test
    void queues_are_made_weighed_and_grown(PostgresDatabase postgres, KafkaCluster kafka) throws Exception {
        Files.writeString(
                folder.resolve("muster.properties"),
                "muster.postgres.url=" + postgres.jdbcUrl() + "\nmuster.postgres.user=" + postgres.user()
                        + "\nmuster.postgres.password=" + postgres.password() + "\nmuster.kafka.bootstrap="
                        + kafka.bootstrapServers() + "\n");
        Settings settings = Settings.load(folder.resolve("muster.properties"), Map.of(), Map.of());
        Migrations.migrate(settings);

        assertThat(muster("create", "grown", "--ordering", "key", "--partitions", "2", "--weight", "3")
                        .out())
                .contains("weight 3");
        assertThat(muster("set", "grown", "--weight", "9").code()).isZero();
        assertThat(muster("set", "grown", "--weight", "0").code()).isEqualTo(2);
        assertThat(muster("set", "nowhere", "--weight", "9").code()).isEqualTo(1);
        assertThat(muster("list").out()).containsPattern("grown +key +default +2 +9 ");

        assertThat(muster("grow", "grown", "--partitions", "3").err()).contains("multiple");
        Said waits = muster("grow", "grown", "--partitions", "4", "--no-wait");
        assertThat(waits.code()).isEqualTo(1);
        assertThat(waits.out()).contains("producers have 480 s");
        assertThat(muster("grow", "grown", "--partitions", "8").err()).contains("another number");
        assertThat(muster("grow", "grown", "--partitions", "4", "--settle", "1ms")
                        .out())
                .contains("queue grown: 4 partitions");
        assertThat(muster("grow", "grown", "--partitions", "2").err()).contains("has more");
        assertThat(muster("list").out()).containsPattern("grown +key +default +4 +9 ");
        assertThat(partitions(settings)).isEqualTo(4);

        assertThat(muster("after-dead", "grown", "--type", "bill", "--do", "hold")
                        .code())
                .isZero();
        assertThat(muster("after-dead", "grown", "--type", "bill", "--do", "what")
                        .code())
                .isEqualTo(2);
        assertThat(muster("held").out()).contains("a dead bill in grown: its key is held");
        assertThat(muster("release", "grown", "k").err()).contains("is not held");
    }

    private static int partitions(Settings settings) throws Exception {
        try (Admin admin = new KafkaClients(settings).admin("test")) {
            return admin.describeTopics(List.of(Topics.jobs("grown")))
                    .allTopicNames()
                    .get()
                    .values()
                    .iterator()
                    .next()
                    .partitions()
                    .size();
        }
    }

    private Said muster(String... words) {
        List<String> args = new ArrayList<>(List.of("queue"));
        args.addAll(List.of(words));
        args.addAll(List.of(
                "--config",
                folder.resolve("muster.properties").toString(),
                "--folder",
                folder.resolve("none").toString()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = MusterCommand.run(
                args.toArray(String[]::new),
                new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), false));
        return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
    }
}
