package dev.muster.local.submit;

import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One line of a file of jobs:
 * {@code {"id", "source", "type", "key", "data", "runat", "deadline", "maxattempts", "retrybase", "retrycap", "uniquekey",
 * "limitkey"}}. It is judged by the same code as the record will be by the worker, so that what is wrong shows here and not as a dead job.
 */
public final class SubmissionLine {
    /** Where a job comes from that does not say it. */
    public static final String DEFAULT_SOURCE = "muster-cli";

    private static final Map<String, String> EXTENSIONS = Map.of(
            "runat", "musterrunat",
            "deadline", "musterdeadline",
            "maxattempts", "mustermaxattempts",
            "retrybase", "musterretrybase",
            "retrycap", "musterretrycap",
            "uniquekey", "musteruniquekey",
            "limitkey", "musterlimitkey");
    private static final Set<String> FIELDS = Stream.concat(
                    EXTENSIONS.keySet().stream(), Stream.of("id", "source", "type", "key", "data"))
            .collect(Collectors.toUnmodifiableSet());

    private SubmissionLine() {}

    /** What a line has become. */
    public sealed interface Parsed {
        /** A job. */
        record Good(Submission submission) implements Parsed {}

        /** No job; {@code problem} says why. */
        record Bad(String problem) implements Parsed {}
    }

    /**
     * What lines that leave something out mean.
     *
     * @param type of the job; a line without one is refused where this is empty
     * @param maxBytes a worker takes no larger record
     */
    public record Defaults(String source, Optional<String> type, int maxBytes) {}

    /** Reads a line. An id that it leaves out is made up: such a line sent twice is two jobs. */
    public static Parsed parse(String line, Defaults defaults) {
        JsonNode json;
        try {
            json = Json.MAPPER.readTree(line);
        } catch (JacksonException e) {
            return new Parsed.Bad("no JSON: " + e.getOriginalMessage());
        }
        if (json == null || !json.isObject()) {
            return new Parsed.Bad("not a JSON object");
        }
        for (String field : json.propertyNames()) {
            if (!FIELDS.contains(field)) {
                return new Parsed.Bad("unknown field \"" + field + "\"; there are id, source, type, key, data, runat, "
                        + "deadline, maxattempts, retrybase, retrycap, uniquekey and limitkey");
            }
        }
        return object(json, defaults);
    }

    private static Parsed object(JsonNode json, Defaults defaults) {
        for (String field : FIELDS) {
            JsonNode value = json.get(field);
            if (!field.equals("data") && value != null && !value.isNull() && !value.isValueNode()) {
                return new Parsed.Bad("\"" + field + "\" is not a plain value");
            }
        }
        String type = text(json, "type");
        if (type == null) {
            type = defaults.type().orElse(null);
        }
        if (type == null) {
            return new Parsed.Bad("no \"type\", and none was given on the command line");
        }
        JsonNode data = json.get("data");
        if (data == null) {
            return new Parsed.Bad("no \"data\"");
        }
        Map<String, String> extensions = new HashMap<>();
        EXTENSIONS.forEach((field, extension) -> {
            String value = text(json, field);
            if (value != null) {
                extensions.put(extension, value);
            }
        });
        String source = text(json, "source");
        String id = text(json, "id");
        return checked(
                new Submission(
                        source == null ? defaults.source() : source,
                        id == null ? UUID.randomUUID().toString() : id,
                        type,
                        Optional.ofNullable(text(json, "key")),
                        Json.MAPPER.writeValueAsBytes(data),
                        extensions),
                defaults.maxBytes());
    }

    /** A submission as the worker will judge it. */
    public static Parsed checked(Submission submission, int maxBytes) {
        return submission.problem(maxBytes).<Parsed>map(Parsed.Bad::new).orElseGet(() -> new Parsed.Good(submission));
    }

    private static @Nullable String text(JsonNode json, String field) {
        JsonNode value = json.get(field);
        return value == null || value.isNull() ? null : value.asString();
    }
}
