package dev.muster.worker;

import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.protocol.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** What the provider's own books say: the other side of every claim about charges. */
final class Charges {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final SandboxServer sandbox;

    Charges(SandboxServer sandbox) {
        this.sandbox = sandbox;
    }

    /** How often each job's card was charged, by the job's id. */
    Map<String, Long> succeeded() {
        String lines = send(HttpRequest.newBuilder(sandbox.url().resolve("/sandbox/charges"))
                .GET()
                .build());
        return lines.lines()
                .map(Json.MAPPER::readTree)
                .filter(charge -> charge.path("status").asString().equals("succeeded"))
                .map(charge -> charge.path("job_id"))
                .collect(Collectors.groupingBy(JsonNode::asString, Collectors.counting()));
    }

    /** How many calls that charge the provider is busy with. */
    int underWay() {
        return Json.MAPPER
                .readTree(get(sandbox.url().resolve("/sandbox/calls")))
                .path("underWay")
                .asInt();
    }

    /** Changes how the provider misbehaves. */
    void faults(String json) {
        send(HttpRequest.newBuilder(sandbox.url().resolve("/sandbox/faults"))
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build());
    }

    static String get(URI uri) {
        return send(HttpRequest.newBuilder(uri).GET().build());
    }

    private static String send(HttpRequest request) {
        try {
            HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(request + " answered " + answer.statusCode() + ": " + answer.body());
            }
            return answer.body();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
