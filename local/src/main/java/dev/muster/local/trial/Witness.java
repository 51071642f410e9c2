package dev.muster.local.trial;

import dev.muster.local.CommandException;
import dev.muster.protocol.Json;
import dev.muster.store.AuditReader;
import dev.muster.store.Database;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Reads what Postgres and the provider have to say about a trial. Thread-safe. */
public final class Witness {
    private final AuditReader reader;
    private final URI sandbox;

    public Witness(Database database, URI sandbox) {
        this.reader = new AuditReader(database);
        this.sandbox = sandbox;
    }

    public AuditReader.Progress progress() {
        return reader.progress();
    }

    /** Everything, after the last job. What is unfinished is read first: a job that ends meanwhile must not look lost. */
    public Evidence testify(List<Evidence.Submitted> submitted, List<Evidence.Kill> kills) {
        List<AuditReader.UnfinishedJob> unfinished = reader.unfinished();
        return new Evidence(submitted, reader.finals(), unfinished, reader.runs(), charges(), kills);
    }

    private List<Evidence.Charge> charges() {
        HttpRequest request = HttpRequest.newBuilder(sandbox.resolve("/sandbox/charges"))
                .timeout(Duration.ofSeconds(60))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<java.util.stream.Stream<String>> response =
                    client.send(request, HttpResponse.BodyHandlers.ofLines());
            if (response.statusCode() != 200) {
                throw CommandException.failed("the sandbox answered " + response.statusCode() + " to the audit");
            }
            return response.body()
                    .filter(line -> !line.isBlank())
                    .map(Witness::charge)
                    .toList();
        } catch (IOException e) {
            throw CommandException.failed("can't read the charges from " + sandbox + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandException.failed("interrupted while reading the charges");
        }
    }

    private static Evidence.Charge charge(String line) {
        JsonNode json = Json.MAPPER.readTree(line);
        return new Evidence.Charge(
                json.path("id").asString(""),
                json.path("job_id").isString() ? Optional.of(json.path("job_id").stringValue()) : Optional.empty(),
                json.path("status").asString("").equals("succeeded"));
    }
}
