package dev.muster.protocol;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * A record's headers as bytes: how the store keeps them, so that a dead letter carries them on as they came. Repeated
 * {@code [int32 length of the name][name, UTF-8][int32 length of the value, or -1 for null][value]}, big-endian, in the
 * record's order; a name may come twice. No headers are no bytes.
 */
public final class RecordHeaders {
    private static final int NULL = -1;

    private RecordHeaders() {}

    public static byte[] encode(Headers headers) {
        List<byte[]> names = new ArrayList<>();
        int size = 0;
        for (Header header : headers) {
            byte[] name = header.key().getBytes(StandardCharsets.UTF_8);
            names.add(name);
            size += 2 * Integer.BYTES + name.length + (header.value() == null ? 0 : header.value().length);
        }
        ByteBuffer buffer = ByteBuffer.allocate(size);
        int i = 0;
        for (Header header : headers) {
            byte[] name = names.get(i++);
            buffer.putInt(name.length).put(name);
            byte[] value = header.value();
            if (value == null) {
                buffer.putInt(NULL);
            } else {
                buffer.putInt(value.length).put(value);
            }
        }
        return buffer.array();
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
                String name = new String(take(buffer, buffer.getInt()), StandardCharsets.UTF_8);
                int length = buffer.getInt();
                headers.add(new RecordHeader(name, length == NULL ? null : take(buffer, length)));
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("headers end early, at byte " + buffer.position(), e);
        }
        return headers;
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
