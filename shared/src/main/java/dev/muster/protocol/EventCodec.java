package dev.muster.protocol;

import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.job.JobState;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * Records of {@link Topics#EVENTS}: CloudEvents 1.0 in Kafka's binary mode, the body JSON. Told at least once, in order
 * per job; {@code ce_id} is the same when an event is told again.
 *
 * <p>Source: CloudEvents 1.0.2, "Kafka Protocol Binding", 3.2 Binary Content Mode.
 */
public final class EventCodec {
    /** Of events about jobs; the state or the outcome of the run follows. */
    public static final String JOB = "dev.muster.job.";
    /** Of events about incidents. */
    public static final String INCIDENT = "dev.muster.incident";

    private static final String SOURCE = "muster";
    private static final Set<String> FINAL = Arrays.stream(JobState.values())
            .filter(JobState::isFinal)
            .map(JobState::wireName)
            .collect(Collectors.toUnmodifiableSet());

    private EventCodec() {}

    /**
     * What every event has.
     *
     * @param id unique among all events, the same when it is told again
     * @param type {@link #INCIDENT}, or {@link #JOB} and a state or outcome
     * @param key of the record: the job, or the subject of the incident
     */
    public record Envelope(String id, String type, Instant time, String key) {}

    /** Writes the body of an event, entry by entry. */
    public static final class Body {
        private final JsonGenerator json;

        private Body(JsonGenerator json) {
            this.json = json;
        }

        /** One entry; one that is null is left out. A mapper would look up for each how it is written, for each job. */
        public void put(String name, @Nullable Object value) {
            switch (value) {
                case null -> {}
                case String text -> json.writeStringProperty(name, text);
                case Instant at -> json.writeStringProperty(name, IsoTime.of(at));
                case Integer number -> json.writeNumberProperty(name, number);
                case Double number -> json.writeNumberProperty(name, number);
                default -> json.writePOJOProperty(name, value);
            }
        }
    }

    /** The record of an event. */
    public static ProducerRecord<byte[], byte[]> record(Envelope envelope, Consumer<Body> body) {
        ProducerRecord<byte[], byte[]> event =
                new ProducerRecord<>(Topics.EVENTS, null, envelope.key().getBytes(StandardCharsets.UTF_8), json(body));
        Headers headers = event.headers();
        put(headers, "ce_specversion", "1.0");
        put(headers, "ce_id", envelope.id());
        put(headers, "ce_source", SOURCE);
        put(headers, "ce_type", envelope.type());
        put(headers, "ce_time", IsoTime.of(envelope.time()));
        put(headers, "content-type", "application/json");
        return event;
    }

    private static byte[] json(Consumer<Body> body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator json = Json.MAPPER.createGenerator(bytes)) {
            json.writeStartObject();
            body.accept(new Body(json));
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** The type of an event, if the record is one. */
    public static Optional<String> type(Headers headers) {
        var header = headers.lastHeader("ce_type");
        return header == null || header.value() == null
                ? Optional.empty()
                : Optional.of(new String(header.value(), StandardCharsets.UTF_8));
    }

    /** How a job ended, if the record is the event of a final state; empty also for bytes that are none. */
    public static Optional<JobOutcome> outcome(Headers headers, byte @Nullable [] value) {
        String type = type(headers).orElse("");
        if (value == null || !type.startsWith(JOB) || !FINAL.contains(type.substring(JOB.length()))) {
            return Optional.empty();
        }
        try {
            JsonNode body = Json.MAPPER.readTree(value);
            return Optional.of(new JobOutcome(
                    JobId.parse(body.path("job_id").asString("")),
                    JobState.parse(type.substring(JOB.length())),
                    text(body, "reason"),
                    text(body, "detail"),
                    text(body, "result").orElse(""),
                    body.path("attempt").asInt(0),
                    Instant.parse(body.path("settled_at").asString(""))));
        } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> text(JsonNode body, String name) {
        JsonNode value = body.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value.asString());
    }

    /** The key of a job's events. */
    public static String key(JobId jobId) {
        return jobId.toString();
    }

    /**
     * The partition of the topic in which all events of a job are.
     *
     * @param partitions how many the topic has, from 1
     */
    public static int partition(JobId jobId, int partitions) {
        return BuiltInPartitioner.partitionForKey(key(jobId).getBytes(StandardCharsets.UTF_8), partitions);
    }

    private static void put(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
