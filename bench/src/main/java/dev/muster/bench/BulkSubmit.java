package dev.muster.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.FileTree;
import dev.muster.embedded.KafkaServer;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.Console;
import dev.muster.local.cli.MusterCommand;
import dev.muster.time.Ticker;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;

/** How many jobs a second {@code muster submit --file} brings to Kafka, checked first and acknowledged by all replicas. */
public final class BulkSubmit {
    private BulkSubmit() {}

    /** Takes how many lines; default: 200,000. */
    public static void main(String[] args) throws Exception {
        int lines = args.length > 0 ? Integer.parseInt(args[0]) : 200_000;
        Console console = Console.system();
        Path folder = Files.createTempDirectory("muster-bench-");
        try (KafkaServer kafka = new KafkaServer(KafkaServer.Config.in(folder.resolve("kafka")))) {
            kafka.start();
            Settings settings = Settings.of(Map.of(Setting.KAFKA_BOOTSTRAP.key(), kafka.bootstrapServers()));
            Queue queue = new Queue("bulk", Ordering.NONE, "default", 48, Optional.empty(), false);
            try (Admin admin = new KafkaClients(settings).admin("bench")) {
                new TopicAdmin(admin, settings).ensureQueueTopic(queue);
            }
            Path properties = folder.resolve("muster.properties");
            Files.writeString(properties, Setting.KAFKA_BOOTSTRAP.key() + "=" + kafka.bootstrapServers() + "\n");
            Path file = file(folder, lines);
            for (int round = 1; round <= 3; round++) {
                submit(console, properties, folder, file, lines, round);
            }
        } finally {
            FileTree.delete(folder);
        }
    }

    private static void submit(Console console, Path properties, Path folder, Path file, int lines, int round) {
        Ticker ticker = Ticker.system();
        long begun = ticker.nanos();
        int code = MusterCommand.run(
                new String[] {
                    "submit",
                    "bulk",
                    "--file",
                    file.toString(),
                    "--config",
                    properties.toString(),
                    "--folder",
                    folder.resolve("none").toString()
                },
                console);
        double seconds = (ticker.nanos() - begun) / 1e9;
        console.line("round %d: exit %d, %,d jobs in %.2f s, %,.0f jobs/s"
                .formatted(round, code, lines, seconds, lines / seconds));
    }

    private static Path file(Path folder, int lines) throws IOException {
        Path file = folder.resolve("jobs.ndjson");
        try (BufferedWriter writer = Files.newBufferedWriter(file, UTF_8)) {
            for (int i = 0; i < lines; i++) {
                writer.write(
                        "{\"id\":\"order-" + i + "\",\"source\":\"/shop\",\"type\":\"payment.charge\",\"key\":\"cus_"
                                + i % 10_000 + "\",\"data\":{\"amount\":" + (100 + i % 900)
                                + ",\"currency\":\"eur\",\"customer\":\"cus_" + i % 10_000
                                + "\",\"payment_method\":\"pm_card_visa\"}}\n");
            }
        }
        return file;
    }
}
