package dev.muster.coordinator.liveness;

import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Json;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import tools.jackson.core.JacksonException;

/**
 * Asks a worker's health port who is there. Only its own name is life: a port is bound while its process lives, so another
 * name, such as that of the container's next life, proves that this one is over. Thread-safe.
 */
final class HealthPort implements AutoCloseable {
    /** Twice this after a worker has become suspect it is lost, if that is later than its threshold. */
    private static final Duration PATIENCE = Duration.ofMillis(400);

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(PATIENCE)
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    /** True if this incarnation answers within 0.4 s. */
    boolean answersAs(Incarnation incarnation, HealthAddress at) {
        try {
            HttpRequest request = HttpRequest.newBuilder(
                            new URI("http", null, at.host(), at.port(), "/health", null, null))
                    .timeout(PATIENCE)
                    .build();
            byte[] answer = client.send(request, HttpResponse.BodyHandlers.ofByteArray())
                    .body();
            return incarnation
                    .id()
                    .equals(Json.MAPPER.readTree(answer).path("incarnation").asString(""));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true; // the coordinator ends; nobody is judged by that
        } catch (IOException | IllegalArgumentException | URISyntaxException | JacksonException e) {
            return false;
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
