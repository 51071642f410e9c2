package dev.muster.coordinator.http;

import dev.muster.job.JobId;
import dev.muster.protocol.Json;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.RedriveOrder;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Reads the body of a request to redrive. A field that nobody knows is refused: left out, a filter with a slip of the pen
 * would mean more letters than were meant.
 */
final class RedriveRequest {
    private static final Set<String> FIELDS =
            Set.of("ids", "group", "queue", "type", "since", "dry_run", "rate", "force", "data", "nothing_happened");

    private RedriveRequest() {}

    /**
     * The order in a body.
     *
     * @throws IllegalArgumentException if it is none, with a message for who sent it
     */
    static RedriveOrder read(byte[] body, String by) {
        JsonNode json;
        try {
            json = Json.MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the body is no JSON: " + e.getOriginalMessage(), e);
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException("the body is a JSON object with some of " + new TreeSet<>(FIELDS));
        }
        for (String field : json.propertyNames()) {
            if (!FIELDS.contains(field)) {
                throw new IllegalArgumentException(
                        "there is no field " + field + "; there are " + new TreeSet<>(FIELDS));
            }
        }
        return new RedriveOrder(
                new DeadLetterStore.Filter(
                        ids(json), text(json, "group"), text(json, "queue"), text(json, "type"), time(json)),
                flag(json, "dry_run", true),
                rate(json),
                flag(json, "force", false),
                by,
                Optional.ofNullable(json.get("data"))
                        .map(data -> new RedriveOrder.Edit(
                                Json.MAPPER.writeValueAsBytes(data), flag(json, "nothing_happened", false))));
    }

    /** A moment as the API has it. */
    static Instant time(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("since is no time such as 2026-01-31T12:00:00Z: " + text, e);
        }
    }

    private static List<JobId> ids(JsonNode json) {
        JsonNode ids = json.get("ids");
        if (ids == null) {
            return List.of();
        }
        if (!ids.isArray() || ids.isEmpty()) {
            throw new IllegalArgumentException("ids is a list of job ids that is not empty");
        }
        List<JobId> list = new ArrayList<>();
        for (JsonNode id : ids) {
            list.add(JobId.parse(id.stringValue("")));
        }
        return list;
    }

    private static Optional<String> text(JsonNode json, String field) {
        JsonNode value = json.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isString() || value.stringValue().isBlank()) {
            throw new IllegalArgumentException(field + " is a text that is not empty");
        }
        return Optional.of(value.stringValue());
    }

    private static Optional<Instant> time(JsonNode json) {
        return text(json, "since").map(RedriveRequest::time);
    }

    private static boolean flag(JsonNode json, String field, boolean otherwise) {
        JsonNode value = json.get(field);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw new IllegalArgumentException(field + " is true or false");
        }
        return value.booleanValue();
    }

    private static int rate(JsonNode json) {
        JsonNode value = json.get("rate");
        if (value == null) {
            return RedriveOrder.DEFAULT_PER_SECOND;
        }
        if (!value.isInt()) {
            throw new IllegalArgumentException("rate is a whole number: jobs per second");
        }
        return value.intValue();
    }
}
