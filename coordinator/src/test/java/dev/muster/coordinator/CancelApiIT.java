package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.protocol.Json;
import dev.muster.store.Migrations;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Cancelling a job over HTTP, against a real coordinator. */
@ExtendWith(EmbeddedServers.class)
final class CancelApiIT {
    private static final JobId JOB = JobId.of("test", UUID.randomUUID().toString());
    private static final String CANCEL = "/api/v1/jobs/" + JOB + "/cancel";

    @Test
    void a_job_is_cancelled_by_who_says_so_in_json(PostgresDatabase postgres, KafkaCluster kafka) throws Exception {
        Settings settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.coordinator.port", "0",
                "muster.fleet.launcher", "external"));
        Migrations.migrate(settings);
        waits(postgres);
        try (Coordinator coordinator = Coordinator.start(settings);
                HttpClient client = HttpClient.newHttpClient()) {
            URI url = coordinator.url();

            assertThat(post(client, url.resolve(CANCEL), "text/plain", "{}").statusCode())
                    .as("what a form of another site could send")
                    .isEqualTo(415);
            assertThat(post(client, url.resolve(CANCEL), "application/json", "{")
                            .statusCode())
                    .isEqualTo(400);
            assertThat(post(client, url.resolve("/api/v1/jobs/1/cancel"), "application/json", "{}")
                            .statusCode())
                    .isEqualTo(400);
            assertThat(get(client, url.resolve("/api/v1/jobs/" + JOB))
                            .path("state")
                            .stringValue(""))
                    .isEqualTo("scheduled");

            HttpResponse<String> done = post(
                    client, url.resolve(CANCEL), "application/json", "{\"by\":\"alice\",\"reason\":\"wrong amount\"}");
            assertThat(done.statusCode()).isEqualTo(200);
            assertThat(Json.MAPPER.readTree(done.body()).path("cancellation").stringValue(""))
                    .isEqualTo("cancelled");
            JsonNode job = get(client, url.resolve("/api/v1/jobs/" + JOB));
            assertThat(job.path("state").stringValue("")).isEqualTo("cancelled");
            assertThat(job.path("detail").stringValue("")).isEqualTo("cancelled by alice: wrong amount");
            assertThat(post(client, url.resolve(CANCEL), "application/json", "").statusCode())
                    .as("it is over")
                    .isEqualTo(409);
        }
    }

    private static void waits(PostgresDatabase postgres) throws SQLException {
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement()) {
            connection.setSchema(Migrations.SCHEMA);
            statement.execute("INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type,"
                    + " submitted_at, payload) VALUES ('" + JOB
                    + "', 'q', 0, 0, 'scheduled', now() + interval '1 h', 't', now(), '')");
        }
    }

    private static HttpResponse<String> post(HttpClient client, URI url, String type, String body)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(url)
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode get(HttpClient client, URI url) throws IOException, InterruptedException {
        return Json.MAPPER.readTree(
                client.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofString())
                        .body());
    }
}
