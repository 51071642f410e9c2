package dev.muster.store;

import java.nio.ByteBuffer;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Oid;
import org.postgresql.jdbc.PgArray;

/**
 * Arrays of ids and of times in Postgres' own form. The driver sends both as text, which it builds and Postgres parses
 * character by character: for each job of a batch, several times.
 *
 * <p>Source: Postgres' {@code array_recv}, {@code uuid_recv} and {@code timestamptz_recv}: dimensions, whether there are
 * nulls, the element's type, length and lower bound; then each element with its length, -1 for null.
 */
final class BinaryArray {
    private static final long EPOCH_SECOND =
            Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();
    /** Beyond any time that Postgres takes, so that it refuses what can't be said to it; within a long's microseconds. */
    private static final long NEVER_SECONDS = 9_223_372_036_853L;

    private static final int EMPTY_BYTES = 12;
    private static final int HEAD_BYTES = 20;
    private static final int UUID_BYTES = 16;
    private static final int TIME_BYTES = 8;

    private BinaryArray() {}

    static Array of(PreparedStatement statement, @Nullable UUID[] ids) throws SQLException {
        byte[] bytes = write(
                Oid.UUID,
                ids,
                UUID_BYTES,
                (to, id) -> to.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()));
        return array(statement, Oid.UUID_ARRAY, bytes);
    }

    /** Times, whose part below a microsecond is dropped. */
    static Array of(PreparedStatement statement, @Nullable OffsetDateTime[] times) throws SQLException {
        byte[] bytes = write(Oid.TIMESTAMPTZ, times, TIME_BYTES, (to, time) -> to.putLong(micros(time)));
        return array(statement, Oid.TIMESTAMPTZ_ARRAY, bytes);
    }

    private static long micros(OffsetDateTime time) {
        long seconds = Math.clamp(time.toEpochSecond() - EPOCH_SECOND, -NEVER_SECONDS, NEVER_SECONDS);
        return TimeUnit.SECONDS.toMicros(seconds) + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    private static <T> byte[] write(
            int type, @Nullable T[] elements, int elementBytes, BiConsumer<ByteBuffer, T> writer) {
        int nulls = nulls(elements);
        int head = elements.length == 0 ? EMPTY_BYTES : HEAD_BYTES;
        ByteBuffer bytes =
                ByteBuffer.allocate(head + elements.length * Integer.BYTES + (elements.length - nulls) * elementBytes);
        bytes.putInt(elements.length == 0 ? 0 : 1).putInt(nulls > 0 ? 1 : 0).putInt(type);
        if (elements.length > 0) {
            bytes.putInt(elements.length).putInt(1);
        }
        for (T element : elements) {
            if (element == null) {
                bytes.putInt(-1);
            } else {
                writer.accept(bytes.putInt(elementBytes), element);
            }
        }
        return bytes.array();
    }

    private static int nulls(@Nullable Object[] elements) {
        int nulls = 0;
        for (Object element : elements) {
            nulls += element == null ? 1 : 0;
        }
        return nulls;
    }

    private static Array array(PreparedStatement statement, int type, byte[] written) throws SQLException {
        return new PgArray(statement.getConnection().unwrap(BaseConnection.class), type, written);
    }
}
