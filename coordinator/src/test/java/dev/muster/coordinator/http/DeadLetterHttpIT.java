package dev.muster.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.store.QueueStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Dead letters over HTTP, from a coordinator that runs. */
@ExtendWith(EmbeddedServers.class)
class DeadLetterHttpIT {
    private final PostgresDatabase postgres;
    private final Settings settings;
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>();
    private URI api = URI.create("http://127.0.0.1");

    DeadLetterHttpIT(PostgresDatabase postgres, KafkaCluster kafka) {
        this.postgres = postgres;
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.coordinator.port", "0",
                "muster.fleet.launcher", "external"));
    }

    @BeforeEach
    void start() throws InterruptedException {
        Coordinator coordinator = Coordinator.start(settings);
        open.add(coordinator);
        api = coordinator.url();
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
        http.close();
    }

    @Test
    void dead_letters_are_grouped_listed_and_redriven_once_somebody_means_it() throws Exception {
        try (Database database = Database.open(settings, "test", 1, Optional.empty())) {
            new QueueStore(database).create(new Queue("bills", Ordering.NONE, "default", 4, Optional.empty(), false));
        }
        insertDead(UUID.randomUUID(), "java.io.IOException: no route to 10.0.0.1");
        insertDead(UUID.randomUUID(), "java.io.IOException: no route to 10.0.0.2");
        UUID other = UUID.randomUUID();
        insertDead(other, "java.lang.IllegalStateException: closed");

        JsonNode groups = json(get("/api/v1/dead-letters/groups?queue=bills")).path("groups");
        assertThat(groups.size()).isEqualTo(2);
        assertThat(groups.get(0).path("letters").intValue()).isEqualTo(2);
        assertThat(groups.get(0).path("cause").stringValue("")).isEqualTo("java.io.IOException: no route to ?");
        String group = groups.get(0).path("group").stringValue("");
        JsonNode letters = json(get("/api/v1/dead-letters?group=" + group)).path("dead_letters");
        assertThat(letters.size()).isEqualTo(2);
        assertThat(letters.get(0).has("payload")).isFalse();

        String body = "{\"group\":\"" + group + "\"";
        JsonNode dry = json(post(body + "}"));
        assertThat(dry.path("dry_run").booleanValue()).isTrue();
        assertThat(dry.path("counts").path("redriven").intValue()).isEqualTo(2);
        assertThat(waiting()).isZero();

        JsonNode done = json(post(body + ",\"dry_run\":false,\"rate\":10}"));
        assertThat(done.path("counts").path("redriven").intValue()).isEqualTo(2);
        assertThat(waiting()).isEqualTo(2);
        assertThat(json(get("/api/v1/dead-letters?queue=bills"))
                        .at("/dead_letters/0/id")
                        .stringValue(""))
                .isEqualTo(other.toString());
    }

    @Test
    void what_makes_no_sense_or_comes_from_a_web_page_is_refused() throws Exception {
        for (String body : List.of(
                "",
                "[]",
                "{}",
                "{\"since\":\"2026-01-01T00:00:00Z\"}",
                "{\"queue\":\"bills\",\"tpye\":\"a\"}",
                "{\"queue\":\"bills\",\"since\":\"yesterday\"}",
                "{\"queue\":\"bills\",\"dry_run\":\"no\"}",
                "{\"queue\":\"bills\",\"rate\":0}",
                "{\"queue\":\"bills\",\"data\":{}}",
                "{\"ids\":[]}",
                "{\"ids\":[\"nonsense\"]}")) {
            assertThat(post(body).statusCode()).as(body).isEqualTo(400);
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(api.resolve("/api/v1/dead-letters/redrive"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"queue\":\"bills\",\"dry_run\":false}"));
        assertThat(send(request.copy().header("Content-Type", "text/plain").build())
                        .statusCode())
                .isEqualTo(415);
        assertThat(send(request.copy()
                                .header("Content-Type", "application/json")
                                .header("Origin", "http://evil.example")
                                .build())
                        .statusCode())
                .isEqualTo(403);
        assertThat(get("/api/v1/dead-letters?limit=1000").statusCode()).isEqualTo(400);
        assertThat(get("/api/v1/dead-letters?since=yesterday").statusCode()).isEqualTo(400);
    }

    private void insertDead(UUID id, String detail) throws SQLException {
        try (Connection connection = connect();
                PreparedStatement statement = connection.prepareStatement("""
                        INSERT INTO job_history (job_id, queue, partition, record_offset, type, state, reason, detail,
                            attempt, failures, recoveries, submitted_at, claimed_at, payload)
                        VALUES (?, 'bills', 0, 7, 'bill', 'dead', 'gave up', ?, 1, 1, 0, now(), now(), '\\x7b7d')""")) {
            statement.setObject(1, id);
            statement.setString(2, detail);
            statement.executeUpdate();
        }
    }

    private long waiting() throws SQLException {
        try (Connection connection = connect();
                var rows = connection
                        .createStatement()
                        .executeQuery("SELECT count(*) FROM job_waiting WHERE queue = 'bills'")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema("muster");
        return connection;
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(api + path)).build());
    }

    private HttpResponse<String> post(String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(api.resolve("/api/v1/dead-letters/redrive"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.MAPPER.readTree(response.body());
    }
}
