package dev.muster.execution;

import dev.muster.protocol.Envelope;
import dev.muster.protocol.Json;
import dev.muster.protocol.RecordHeaders;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** Reads a job's payload for its handler. It runs the payload type's own code, so it belongs into the job's boundary. Thread-safe. */
public final class Payloads {
    private Payloads() {}

    /**
     * Reads a payload.
     *
     * @param value the record's value
     * @param headers the record's, as {@link RecordHeaders} encodes them; null: the value is the payload's JSON itself
     * @throws InvalidPayloadException if the JSON is broken, is null, or is of another shape than {@code type}, also when
     *     the type's constructor refuses it
     */
    public static <P> P read(Class<P> type, byte[] value, byte @Nullable [] headers) throws InvalidPayloadException {
        @Nullable P payload;
        try {
            byte[] data = headers == null ? value : Envelope.data(RecordHeaders.decode(headers), value);
            payload = Json.MAPPER.readValue(data, type);
        } catch (JacksonException e) {
            throw new InvalidPayloadException(e.getOriginalMessage());
        }
        if (payload == null) {
            throw new InvalidPayloadException("the payload is null");
        }
        return payload;
    }
}
