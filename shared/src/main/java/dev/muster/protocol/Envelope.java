package dev.muster.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.job.NewJob;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a record on a queue's topic says about the job that it submits. CloudEvents in binary mode (attributes as
 * headers, body = data) and in structured mode (everything in one JSON object). Bytes that say nothing of the kind
 * throw nothing: they are a {@link Rejected}.
 *
 * <p>Source: CloudEvents 1.0 and its Kafka protocol binding.
 */
public sealed interface Envelope {

    /**
     * A job.
     *
     * @param identity empty where the record has none; its place then stands for it
     * @param retries override those of the handler's retry policy
     * @param uniqueKey of the jobs of a queue that have it, one is unfinished at a time; 1 to 200 characters
     * @param limitKey of the jobs that have it, no more run at once in the whole fleet than its limit says; the same
     */
    record Job(
            Optional<Identity> identity,
            String type,
            Optional<Instant> runAt,
            Optional<Instant> deadline,
            NewJob.Retries retries,
            Optional<String> uniqueKey,
            Optional<String> limitKey)
            implements Envelope {}

    /** What CloudEvents makes unique. */
    record Identity(String source, String id) {}

    /**
     * No job.
     *
     * @param reason one word for metrics and headers
     * @param detail what is wrong, for a human
     */
    record Rejected(Reason reason, String detail) implements Envelope {}

    /** Why a record is no job. */
    enum Reason {
        TOO_LARGE,
        UNDECODABLE,
        NO_TYPE,
        UNKNOWN_TYPE,
        BAD_ATTRIBUTE,
        BAD_KEY,
        WRONG_PARTITION,
        REFUSED_BY_STORE;

        public String wireName() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    Pattern TYPE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._/-]{0,199}");

    /** Of a unique key and of a limit key; what is in an index has to be short. */
    int MAX_NAME = 200;

    /** Between two runs. */
    Duration MAX_WAIT = Duration.ofDays(366);

    String STRUCTURED = "application/cloudevents+json";

    /** Of the headers of binary mode. */
    String PREFIX = "ce_";

    /** Reads the envelope of a record. Never throws on account of the bytes. */
    static Envelope read(Headers headers, byte @Nullable [] value) {
        try {
            return isStructured(headers) ? structured(value) : binary(headers);
        } catch (JacksonException e) {
            return new Rejected(Reason.UNDECODABLE, "no JSON: " + e.getOriginalMessage());
        } catch (BadAttribute e) {
            return new Rejected(Reason.BAD_ATTRIBUTE, e.problem);
        }
    }

    /**
     * The payload for the handler: the body, or in structured mode its {@code data}.
     *
     * @throws JacksonException if a structured body is no JSON, which {@link #read} would have rejected
     */
    static byte[] data(Headers headers, byte[] value) {
        if (!isStructured(headers)) {
            return value;
        }
        JsonNode event = Json.MAPPER.readTree(value);
        JsonNode base64 = event.get("data_base64");
        if (base64 != null && base64.isString()) {
            return Base64.getDecoder().decode(base64.stringValue());
        }
        JsonNode data = event.get("data");
        return data == null ? new byte[0] : Json.MAPPER.writeValueAsBytes(data);
    }

    /**
     * The body with another payload in it: what {@link #data} then reads.
     *
     * @throws JacksonException if {@code json}, or a structured body, is no JSON
     * @throws IllegalArgumentException if a structured body is no JSON object
     */
    static byte[] withData(Headers headers, byte[] value, byte[] json) {
        if (!isStructured(headers)) {
            return json;
        }
        if (!(Json.MAPPER.readTree(value) instanceof ObjectNode event)) {
            throw new IllegalArgumentException("a structured CloudEvent is a JSON object");
        }
        event.remove("data_base64");
        event.set("data", Json.MAPPER.readTree(json));
        return Json.MAPPER.writeValueAsBytes(event);
    }

    private static boolean isStructured(Headers headers) {
        String contentType = text(headers, "content-type");
        return contentType != null && contentType.startsWith(STRUCTURED);
    }

    /** Looked through once: there are more attributes to ask for than headers, and each question is a search. */
    private static Envelope binary(Headers headers) {
        Map<String, @Nullable String> attributes = new HashMap<>();
        for (Header header : headers) {
            if (header.key().startsWith(PREFIX)) {
                attributes.put(header.key().substring(PREFIX.length()), text(header));
            }
        }
        return job(attributes::get);
    }

    private static Envelope structured(byte @Nullable [] value) {
        JsonNode event = Json.MAPPER.readTree(value == null ? new byte[0] : value);
        if (event == null || !event.isObject()) {
            return new Rejected(Reason.UNDECODABLE, "a structured CloudEvent is a JSON object");
        }
        JsonNode base64 = event.get("data_base64");
        if (base64 != null) {
            try {
                Base64.getDecoder().decode(base64.stringValue(""));
            } catch (IllegalArgumentException e) {
                return new Rejected(Reason.UNDECODABLE, "data_base64 is no base64");
            }
        }
        return job(name -> {
            JsonNode attribute = event.get(name);
            return attribute == null || attribute.isNull() ? null : attribute.asString("");
        });
    }

    private static Envelope job(Attributes attributes) {
        String version = attributes.get("specversion");
        if (version != null && !version.startsWith("1.")) {
            return new Rejected(Reason.BAD_ATTRIBUTE, "specversion is not 1.x: " + version);
        }
        String type = attributes.get("type");
        if (type == null || type.isEmpty()) {
            return new Rejected(Reason.NO_TYPE, "the record names no job type (header ce_type)");
        }
        if (!TYPE.matcher(type).matches()) {
            return new Rejected(Reason.BAD_ATTRIBUTE, "type has letters, digits and . _ / - only, at most 200");
        }
        String source = attributes.get("source");
        String id = attributes.get("id");
        Optional<Identity> identity = source == null || source.isEmpty() || id == null || id.isEmpty()
                ? Optional.empty()
                : Optional.of(new Identity(source, id));
        return new Job(
                identity,
                type,
                instant(attributes, "musterrunat"),
                instant(attributes, "musterdeadline"),
                new NewJob.Retries(
                        number(attributes, "mustermaxattempts"),
                        duration(attributes, "musterretrybase"),
                        duration(attributes, "musterretrycap")),
                name(attributes, "musteruniquekey"),
                name(attributes, "musterlimitkey"));
    }

    /** Reads one attribute by its CloudEvents name; null when absent. */
    @FunctionalInterface
    interface Attributes {
        @Nullable
        String get(String name);
    }

    /** An attribute has no value of its type; stays within this file. */
    final class BadAttribute extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String problem;

        private BadAttribute(String problem) {
            super(problem);
            this.problem = problem;
        }
    }

    private static Optional<Instant> instant(Attributes attributes, String name) {
        String text = attributes.get(name);
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            // What Postgres can't hold must not reach it.
            if (instant.isAfter(Instant.parse("9999-12-31T00:00:00Z")) || instant.isBefore(Instant.EPOCH)) {
                throw new BadAttribute(name + " is out of range: " + text);
            }
            return Optional.of(instant);
        } catch (DateTimeException e) {
            throw new BadAttribute(name + " is no RFC 3339 time: " + text);
        }
    }

    private static Optional<Duration> duration(Attributes attributes, String name) {
        String text = attributes.get(name);
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Duration duration = Duration.parse(text);
            if (duration.compareTo(Duration.ofMillis(1)) < 0 || duration.compareTo(MAX_WAIT) > 0) {
                throw new BadAttribute(name + " is not between 1 ms and 366 days: " + text);
            }
            return Optional.of(duration);
        } catch (DateTimeException e) {
            throw new BadAttribute(name + " is no ISO 8601 duration, such as PT2S: " + text);
        }
    }

    private static Optional<Integer> number(Attributes attributes, String name) {
        String text = attributes.get(name);
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        try {
            int number = Integer.parseInt(text);
            if (number < 1 || number > 1000) {
                throw new BadAttribute(name + " is not between 1 and 1000: " + text);
            }
            return Optional.of(number);
        } catch (NumberFormatException e) {
            throw new BadAttribute(name + " is no whole number: " + text);
        }
    }

    private static Optional<String> name(Attributes attributes, String name) {
        String text = attributes.get(name);
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        if (text.length() > MAX_NAME || text.indexOf('\0') >= 0) {
            throw new BadAttribute(name + " has at most " + MAX_NAME + " characters, and no zero character");
        }
        return Optional.of(text);
    }

    private static @Nullable String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null ? null : text(header);
    }

    private static @Nullable String text(Header header) {
        return header.value() == null ? null : new String(header.value(), UTF_8);
    }
}
