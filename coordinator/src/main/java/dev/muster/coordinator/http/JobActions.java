package dev.muster.coordinator.http;

import dev.muster.coordinator.recovery.Announcer;
import dev.muster.job.JobId;
import dev.muster.protocol.Command;
import dev.muster.protocol.Json;
import dev.muster.store.Cancellation;
import dev.muster.store.CancellationStore;
import io.javalin.http.Context;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What people may do to a job. Each action is a POST whose body is declared as JSON: a page of another site can't send
 * that without the browser asking us first, and we don't answer. Thread-safe.
 */
final class JobActions {
    private static final int MAX_BODY = 4_096;

    private final CancellationStore cancellations;
    private final Announcer announcer;

    JobActions(CancellationStore cancellations, Announcer announcer) {
        this.cancellations = cancellations;
        this.announcer = announcer;
    }

    /** {@code POST /api/v1/jobs/{id}/cancel} with {@code {"by": …, "reason": …}}, both optional. */
    void cancel(Context ctx) {
        if (ctx.header("Origin") != null) {
            HttpApi.problem(ctx, 403, "a web page may not ask for that; use the command line or a program");
            return;
        }
        if (!isJson(ctx)) {
            HttpApi.problem(ctx, 415, "the body is JSON, declared as application/json; it may be {}");
            return;
        }
        JobId id = JobId.parse(ctx.pathParam("id"));
        JsonNode body = body(ctx);
        Cancellation verdict =
                cancellations.cancel(id, text(body, "by").orElse("HTTP API, " + ctx.ip()), text(body, "reason"));
        if (verdict == Cancellation.RUNNING) {
            announcer.announce(new Command.Cancel(id)); // what it makes quick, its worker would find within a second
        }
        ctx.status(status(verdict));
        HttpApi.json(
                ctx, Map.of("id", id.toString(), "cancellation", verdict.wireName(), "summary", verdict.summary()));
    }

    /** 200: done; 202: the wish is noted; 409: too late. */
    private static int status(Cancellation verdict) {
        return switch (verdict) {
            case CANCELLED, CANCELLED_AFTER_CALLS -> 200;
            case RUNNING, UNKNOWN, AHEAD -> 202;
            case FINAL -> 409;
        };
    }

    private static boolean isJson(Context ctx) {
        String type = Optional.ofNullable(ctx.contentType()).orElse("");
        return type.split(";", 2)[0].strip().equalsIgnoreCase("application/json");
    }

    private static JsonNode body(Context ctx) {
        byte[] bytes = ctx.bodyAsBytes();
        if (bytes.length > MAX_BODY) {
            throw new IllegalArgumentException("the body has more than " + MAX_BODY + " bytes");
        }
        try {
            return Json.MAPPER.readTree(bytes.length == 0 ? new byte[] {'{', '}'} : bytes);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the body is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static Optional<String> text(JsonNode body, String name) {
        return Optional.of(body.path(name).stringValue("")).filter(text -> !text.isBlank());
    }
}
