package dev.muster.coordinator.liveness;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Asks a worker's health port whether anybody is there. Any answer is life. Thread-safe. */
final class HealthPort implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(PATIENCE)
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    /** True if something answers within half a second. */
    boolean answers(String host, int port) {
        try {
            HttpRequest request = HttpRequest.newBuilder(new URI("http", null, host, port, "/health", null, null))
                    .timeout(PATIENCE)
                    .build();
            client.send(request, HttpResponse.BodyHandlers.discarding());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true; // the coordinator ends; nobody is judged by that
        } catch (IOException | IllegalArgumentException | java.net.URISyntaxException e) {
            return false;
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
