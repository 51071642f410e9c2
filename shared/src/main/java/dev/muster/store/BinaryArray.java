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

    private static final int HEAD_BYTES = 20;
    private static final int UUID_BYTES = 16;
    private static final int TIME_BYTES = 8;

    private BinaryArray() {}

    static Array of(PreparedStatement statement, @Nullable UUID[] ids) throws SQLException {
        ByteBuffer bytes = write(
                Oid.UUID,
                ids,
                UUID_BYTES,
                (to, id) -> to.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()));
        return array(statement, Oid.UUID_ARRAY, bytes);
    }

    /** Times, whose part below a microsecond is dropped. */
    static Array of(PreparedStatement statement, @Nullable OffsetDateTime[] times) throws SQLException {
        ByteBuffer bytes = write(Oid.TIMESTAMPTZ, times, TIME_BYTES, (to, time) -> to.putLong(micros(time)));
        return array(statement, Oid.TIMESTAMPTZ_ARRAY, bytes);
    }

    private static long micros(OffsetDateTime time) {
        long seconds = Math.clamp(time.toEpochSecond() - EPOCH_SECOND, -NEVER_SECONDS, NEVER_SECONDS);
        return TimeUnit.SECONDS.toMicros(seconds) + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    private static <T> ByteBuffer write(
            int type, @Nullable T[] elements, int elementBytes, BiConsumer<ByteBuffer, T> writer) {
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + elements.length * (Integer.BYTES + elementBytes));
        bytes.putInt(elements.length == 0 ? 0 : 1)
                .putInt(hasNull(elements) ? 1 : 0)
                .putInt(type);
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
        return bytes;
    }

    private static boolean hasNull(@Nullable Object[] elements) {
        for (Object element : elements) {
            if (element == null) {
                return true;
            }
        }
        return false;
    }

    private static Array array(PreparedStatement statement, int type, ByteBuffer written) throws SQLException {
        byte[] bytes = new byte[written.position()];
        written.flip().get(bytes);
        return new PgArray(statement.getConnection().unwrap(BaseConnection.class), type, bytes);
    }
}
