package dev.muster.job;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;
import java.util.UUID;

/**
 * The identity of a job: a UUIDv8 that follows from what was submitted, so that a submission repeated names the same
 * job. Immutable.
 *
 * <p>Source: CloudEvents 1.0, "source + id is unique for each distinct event"; RFC 9562, UUID version 8.
 */
public record JobId(UUID value) implements Comparable<JobId> {
    public JobId {
        Objects.requireNonNull(value, "job id");
    }

    /** The job that a CloudEvent with this {@code source} and {@code id} submits: SHA-256 of source, 0x00, id. */
    public static JobId of(String source, String id) {
        MessageDigest digest = sha256();
        digest.update(source.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(id.getBytes(StandardCharsets.UTF_8));
        return version8(digest.digest());
    }

    /**
     * The job of a record that names itself in no other way. The topic's id and the record's timestamp are part of it,
     * since offsets start again when a topic is made anew.
     *
     * @param timestamp the record's, in milliseconds since the epoch
     */
    public static JobId atPosition(UUID topicId, int partition, long offset, long timestamp) {
        MessageDigest digest = sha256();
        digest.update(
                ByteBuffer.allocate(36)
                        .putLong(topicId.getMostSignificantBits())
                        .putLong(topicId.getLeastSignificantBits())
                        .putInt(partition)
                        .putLong(offset)
                        .putLong(timestamp)
                        .array(),
                0,
                36);
        return version8(digest.digest());
    }

    /**
     * The id that {@link #toString} wrote.
     *
     * @throws IllegalArgumentException if {@code text} is not a UUID
     */
    public static JobId parse(String text) {
        return new JobId(UUID.fromString(text));
    }

    @Override
    public int compareTo(JobId other) {
        int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
    }

    @Override
    public String toString() {
        return value.toString();
    }

    private static JobId version8(byte[] hash) {
        ByteBuffer bytes = ByteBuffer.wrap(hash);
        long high = (bytes.getLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x8000L;
        long low = (bytes.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new JobId(new UUID(high, low));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
