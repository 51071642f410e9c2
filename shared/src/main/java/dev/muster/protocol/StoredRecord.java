package dev.muster.protocol;

import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * A submitted record as the store keeps it.
 *
 * @param headers as {@link RecordHeaders} encodes them
 */
public record StoredRecord(byte @Nullable [] key, byte[] value, byte @Nullable [] headers) {

    /** How many bytes value and headers have. */
    public int size() {
        return value.length + (headers == null ? 0 : headers.length);
    }

    /** What it says about its job. Never throws on account of the bytes. */
    public Envelope envelope() {
        try {
            return Envelope.read(decoded(), value);
        } catch (IllegalArgumentException e) {
            return new Envelope.Rejected(Envelope.Reason.UNDECODABLE, "its stored headers can't be read");
        }
    }

    /**
     * The same record with another payload: as its body, or in structured mode as the {@code data} in it.
     *
     * @param json the payload
     * @throws IllegalArgumentException if {@code json} is no JSON, or the record is a structured one whose body is none
     */
    public StoredRecord withData(byte[] json) {
        try {
            var _ = Json.MAPPER.readTree(json);
            return new StoredRecord(key, Envelope.withData(decoded(), value, json), headers);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
        }
    }

    Headers decoded() {
        return RecordHeaders.decode(headers == null ? new byte[0] : headers);
    }
}
