package dev.muster.protocol;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * A record's headers as bytes: how the store keeps them, so that a dead letter carries them on as they came. They are
 * written to Postgres' log with each job, so the names that nearly all of them have are a byte each.
 *
 * <p>Repeated {@code [name][value]} in the record's order; a name may come twice. A name is its number, or 0 and its
 * length and UTF-8; a value is its length and one, or 0 for null, and its bytes. Lengths are unsigned LEB128. No headers
 * are no bytes.
 */
public final class RecordHeaders {
    /** From 1 on. They are in the tables: more may follow, and none may move. */
    private static final List<String> NAMES = List.of(
            "content-type",
            "ce_specversion",
            "ce_id",
            "ce_source",
            "ce_type",
            "ce_time",
            "ce_subject",
            "ce_datacontenttype",
            "ce_dataschema",
            "traceparent",
            "tracestate",
            "ce_traceparent",
            "ce_tracestate",
            "ce_musterrunat",
            "ce_musterdeadline",
            "ce_mustermaxattempts",
            "ce_musterretrybase",
            "ce_musterretrycap",
            "ce_musteruniquekey",
            "ce_musterlimitkey");

    private static final Map<String, Integer> NUMBERS = new HashMap<>();

    static {
        NAMES.forEach(name -> NUMBERS.put(name, NUMBERS.size() + 1));
    }

    private static final int LONGEST_LENGTH = 5;

    private RecordHeaders() {}

    public static byte[] encode(Headers headers) {
        int most = 0;
        for (Header header : headers) {
            most += 1 + LONGEST_LENGTH + (header.value() == null ? 0 : header.value().length);
            if (!NUMBERS.containsKey(header.key())) {
                most += LONGEST_LENGTH + 3 * header.key().length(); // bytes of UTF-8
            }
        }
        ByteBuffer buffer = ByteBuffer.allocate(most);
        for (Header header : headers) {
            int number = NUMBERS.getOrDefault(header.key(), 0);
            buffer.put((byte) number);
            if (number == 0) {
                byte[] name = header.key().getBytes(StandardCharsets.UTF_8);
                putLength(buffer, name.length);
                buffer.put(name);
            }
            byte[] value = header.value();
            if (value == null) {
                putLength(buffer, 0);
            } else {
                putLength(buffer, value.length + 1);
                buffer.put(value);
            }
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /**
     * What {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if the bytes were not written by it
     */
    public static Headers decode(byte[] bytes) {
        Headers headers = new org.apache.kafka.common.header.internals.RecordHeaders();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            while (buffer.hasRemaining()) {
                String name = name(buffer);
                int length = length(buffer);
                headers.add(new RecordHeader(name, length == 0 ? null : take(buffer, length - 1)));
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("headers end early, at byte " + buffer.position(), e);
        }
        return headers;
    }

    private static String name(ByteBuffer buffer) {
        int number = Byte.toUnsignedInt(buffer.get());
        if (number == 0) {
            return new String(take(buffer, length(buffer)), StandardCharsets.UTF_8);
        }
        if (number > NAMES.size()) {
            throw new IllegalArgumentException("a header has the name number " + number + ", which nobody knows");
        }
        return NAMES.get(number - 1);
    }

    private static void putLength(ByteBuffer buffer, int length) {
        int rest = length;
        while (rest > 0x7f) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    private static int length(ByteBuffer buffer) {
        int length = 0;
        for (int shift = 0; shift < 7 * LONGEST_LENGTH; shift += 7) {
            byte next = buffer.get();
            length |= (next & 0x7f) << shift;
            if (next >= 0) {
                return length;
            }
        }
        throw new IllegalArgumentException("a length in the headers has more than " + LONGEST_LENGTH + " bytes");
    }

    private static byte[] take(ByteBuffer buffer, int length) {
        if (length < 0 || length > buffer.remaining()) {
            throw new IllegalArgumentException(
                    "a length in the headers is " + length + ", but " + buffer.remaining() + " bytes are left");
        }
        byte[] bytes = new byte[length];
        buffer.get(bytes);
        return bytes;
    }
}
