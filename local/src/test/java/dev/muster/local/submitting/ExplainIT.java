package dev.muster.local.submitting;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.client.MusterClient;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.local.Console;
import dev.muster.local.cli.MusterCommand;
import dev.muster.protocol.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Why a job isn't running, as a person asks for it, on its way from Kafka to its end. */
@ExtendWith(EmbeddedServers.class)
class ExplainIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final SmallFleet fleet;
    private final MusterClient client;
    private final Path folder;

    ExplainIT(PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) throws IOException {
        this.fleet = new SmallFleet(postgres, kafka, folder);
        this.client = MusterClient.connect(kafka.bootstrapServers(), "/shop");
        this.folder = folder;
        StringBuilder properties = new StringBuilder();
        fleet.settings().asEnvironment().forEach((name, value) -> {
            for (dev.muster.config.Setting setting : dev.muster.config.Setting.values()) {
                if (setting.environmentName().equals(name)) {
                    properties.append(setting.key()).append('=').append(value).append('\n');
                }
            }
        });
        Files.writeString(folder.resolve("muster.properties"), properties);
    }

    @Test
    void a_job_says_why_it_waits_all_along_its_way() throws Exception {
        String queue = fleet.queue(Ordering.KEY, Optional.of(Duration.ofDays(1)));
        try (client;
                fleet) {
            JobId before = submitted(queue, echo(0).key("k").id("0"));
            JobId job = submitted(queue, echo(0).key("k").id("1"));
            assertThat(explained(JobId.of("/shop", "never")))
                    .startsWith("nobody has claimed it, and it is not among the 2 records");
            assertThat(explained(job)).contains("still in Kafka, at offset 1", "before it: 1");
            fleet.execute(
                    "SELECT muster.submit(queue => '" + queue + "', type => 'test.echo', data => '1', id => '9')");
            assertThat(explained(JobId.of("muster-sql", "9"))).contains("submitted by a transaction");
            fleet.execute("DELETE FROM submission");

            Coordinator coordinator = fleet.coordinator();
            ChildProcess worker = fleet.worker();
            client.outcome(before, SOON).get(60, TimeUnit.SECONDS);
            client.outcome(job, SOON).get(60, TimeUnit.SECONDS);
            assertThat(explained(job)).startsWith("it is succeeded since");

            JobId stranger = submitted(queue, NewJob.of("no.such.type", 1));
            await().atMost(SmallFleet.PATIENCE)
                    .untilAsserted(() -> assertThat(explained(stranger)).startsWith("it is dead since"));

            // The first of its key is put off after a failure; who comes behind it waits for it, wherever one asks.
            JobId head = submitted(
                    queue,
                    echo(9).key("k2")
                            .backoff(Duration.ofHours(1), Duration.ofHours(1))
                            .id("2"));
            JobId behind = submitted(queue, echo(0).key("k2").id("3"));
            await().atMost(SmallFleet.PATIENCE)
                    .untilAsserted(() -> assertThat(explained(head)).contains("its last run failed", "failure 1"));
            await().atMost(SmallFleet.PATIENCE)
                    .untilAsserted(() -> assertThat(explained(behind))
                            .contains("it waits behind one job of its key k2, first of all job " + head));
            var body = Json.MAPPER.readTree(get(coordinator, behind).body());
            assertThat(body.path("why").asString()).isEqualTo("behind_key");

            fleet.execute("UPDATE queue SET paused = true WHERE name = '" + queue + "'");
            assertThat(explained(behind))
                    .startsWith("its queue " + queue + " is paused")
                    .contains("also: it waits behind");
            fleet.execute("UPDATE queue SET paused = false WHERE name = '" + queue + "'");

            fleet.execute("INSERT INTO run_limit VALUES ('key', 'l', 0)");
            JobId limited = submitted(queue, echo(0).limitKey("l").id("4"));
            await().atMost(SmallFleet.PATIENCE)
                    .untilAsserted(() -> assertThat(explained(limited))
                            .contains("it waits for a slot of its limit l, in turn 1: 0 run, 0 may"));

            assertThat(rebound(coordinator)).contains("421").contains("localhost");

            worker.killHard();
            await().atMost(SmallFleet.PATIENCE)
                    .untilAsserted(() -> assertThat(explained(head)).startsWith("no live worker has its partition"));
        }
    }

    private JobId submitted(String queue, NewJob job) throws Exception {
        return client.submit(queue, job).get(60, TimeUnit.SECONDS);
    }

    private static NewJob echo(int failures) {
        return NewJob.of("test.echo", new EchoHandler.Text("x", failures));
    }

    private String explained(JobId id) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = MusterCommand.run(
                new String[] {
                    "jobs",
                    "explain",
                    id.toString(),
                    "--config",
                    folder.resolve("muster.properties").toString(),
                    "--folder",
                    folder.resolve("none").toString()
                },
                new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), false));
        assertThat(code).as(err.toString(UTF_8)).isZero();
        return out.toString(UTF_8);
    }

    private static HttpResponse<String> get(Coordinator coordinator, JobId id) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create(coordinator.url() + "/api/v1/jobs/" + id + "/explanation"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    /** What a page gets whose name leads here although it is another's: its browser says that name as the host. */
    private static String rebound(Coordinator coordinator) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), coordinator.url().getPort())) {
            socket.getOutputStream()
                    .write("GET /api/v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                            .getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }
}
