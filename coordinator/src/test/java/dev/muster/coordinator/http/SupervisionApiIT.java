package dev.muster.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.store.SupervisionHistory;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** The history of supervision over HTTP. */
@ExtendWith(EmbeddedServers.class)
class SupervisionApiIT {
    private final Settings settings;

    SupervisionApiIT(PostgresDatabase postgres, KafkaCluster kafka) {
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.coordinator.port", "0",
                "muster.fleet.launcher", "external"));
    }

    @Test
    void events_are_shown_newest_first_by_path_and_child() throws Exception {
        try (Coordinator coordinator = Coordinator.start(settings);
                Database database = Database.open(settings, "test", 1, Optional.empty())) {
            try (SupervisionHistory history = new SupervisionHistory("here").writeTo(database)) {
                history.accept(new SupervisionEvent.Started(
                        "local/servers", "kafka", 1, Duration.ofMillis(1_234), Optional.empty()));
                history.accept(new SupervisionEvent.Exited(
                        "local/servers",
                        "kafka",
                        1,
                        new ExitReason.Crash("exit code 137"),
                        false,
                        Duration.ofHours(1),
                        Optional.of("kafka.1")));
                history.accept(new SupervisionEvent.Started(
                        "local/servers", "postgres", 2, Duration.ofMillis(5), Optional.empty()));
            }

            JsonNode all = events(coordinator, "/api/v1/supervision");
            JsonNode kafka = events(coordinator, "/api/v1/supervision?path=local&child=kafka&limit=1000");

            assertThat(all.size()).isEqualTo(3);
            assertThat(all.at("/0/child").stringValue("")).isEqualTo("postgres");
            assertThat(kafka.size()).isEqualTo(2);
            JsonNode exit = kafka.get(0);
            assertThat(exit.path("kind").stringValue("")).isEqualTo("exited");
            assertThat(exit.path("origin").stringValue("")).isEqualTo("here");
            assertThat(exit.path("path").stringValue("")).isEqualTo("local/servers");
            assertThat(exit.path("incarnation").stringValue("")).isEqualTo("kafka.1");
            assertThat(exit.path("reason").stringValue("")).isEqualTo("crash");
            assertThat(exit.path("detail").stringValue("")).isEqualTo("exit code 137");
            assertThat(exit.path("duration_ms").longValue()).isEqualTo(3_600_000);
            assertThat(kafka.get(1).path("reason").isNull()).isTrue();
            assertThat(events(coordinator, "/api/v1/supervision?path=servers").size())
                    .as("a path is named from its beginning")
                    .isZero();
            assertThat(get(coordinator, "/api/v1/supervision?limit=0").statusCode())
                    .isEqualTo(400);
            assertThat(get(coordinator, "/api/v1/supervision?limit=1001").statusCode())
                    .isEqualTo(400);
            assertThat(get(coordinator, "/api/v1/supervision?limit=many").statusCode())
                    .isEqualTo(400);
        }
    }

    private static JsonNode events(Coordinator coordinator, String path) throws Exception {
        HttpResponse<String> response = get(coordinator, path);
        assertThat(response.statusCode()).isEqualTo(200);
        return Json.MAPPER.readTree(response.body()).path("events");
    }

    private static HttpResponse<String> get(Coordinator coordinator, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(coordinator.url() + path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
