package dev.muster.protocol;

import dev.muster.job.Queue;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The rules by which a record is admitted as a job: when it is claimed, and when one that was refused is redriven. Never
 * throws on account of the bytes. Pure; thread-safe.
 */
public final class Admission {
    /** Of a payload's hash. */
    public static final int HASH_BYTES = 16;

    /** Postgres' index on keys takes no more than 2,700 bytes; a key that long is a mistake anyway. */
    private static final int MAX_KEY_BYTES = 1_024;

    private final int maxBytes;
    private final Predicate<String> knownType;

    /**
     * Rules with their limits.
     *
     * @param maxBytes of value and headers together
     * @param knownType whether there is a handler for a job type
     */
    public Admission(int maxBytes, Predicate<String> knownType) {
        this.maxBytes = maxBytes;
        this.knownType = knownType;
    }

    /** What a record is. */
    public sealed interface Verdict {}

    /**
     * A job.
     *
     * @param orderKey empty: no order, or no key
     * @param payloadHash of type and payload: what tells the same submission from another under the same id
     */
    public record Admitted(Envelope.Job job, Optional<String> orderKey, byte[] payloadHash) implements Verdict {}

    /**
     * No job, and why.
     *
     * @param named the identity that its envelope gives, where that can be read
     */
    public record Refused(Envelope.Reason reason, String detail, Optional<Envelope.Identity> named) implements Verdict {
        private static Refused unread(Envelope.Reason reason, String detail) {
            return new Refused(reason, detail, Optional.empty());
        }
    }

    /** Judges a record that stands in a partition of the queue. */
    public Verdict judge(StoredRecord record, int partition, Queue queue) {
        Headers headers;
        try {
            headers = record.decoded();
        } catch (IllegalArgumentException e) {
            return Refused.unread(Envelope.Reason.UNDECODABLE, "its stored headers can't be read");
        }
        return judge(record, headers, partition, queue);
    }

    /** The same, for who has the headers at hand. */
    public Verdict judge(StoredRecord record, Headers headers, int partition, Queue queue) {
        if (record.size() > maxBytes) {
            return Refused.unread(
                    Envelope.Reason.TOO_LARGE, "it has " + record.size() + " bytes, more than " + maxBytes);
        }
        return switch (Envelope.read(headers, record.value())) {
            case Envelope.Rejected(Envelope.Reason reason, String detail) -> Refused.unread(reason, detail);
            case Envelope.Job job ->
                flaw(job, record.key(), partition, queue)
                        .<Verdict>map(flaw -> flaw)
                        .orElseGet(() -> new Admitted(
                                job,
                                queue.isKeyed() ? text(record.key()) : Optional.empty(),
                                hash(job.type(), Envelope.data(headers, record.value()))));
        };
    }

    /** The hash by which a job's submission is recognised; empty if the record is no job. */
    public static Optional<byte[]> identity(StoredRecord record) {
        return record.envelope() instanceof Envelope.Job job
                ? Optional.of(hash(job.type(), Envelope.data(record.decoded(), record.value())))
                : Optional.empty();
    }

    private Optional<Refused> flaw(Envelope.Job job, byte @Nullable [] key, int partition, Queue queue) {
        if (!knownType.test(job.type())) {
            return Optional.of(
                    new Refused(Envelope.Reason.UNKNOWN_TYPE, "no handler for the type " + job.type(), job.identity()));
        }
        if (!queue.isKeyed() || key == null) {
            return Optional.empty();
        }
        if (key.length > MAX_KEY_BYTES || text(key).isEmpty()) {
            return Optional.of(new Refused(
                    Envelope.Reason.BAD_KEY,
                    "a key has at most " + MAX_KEY_BYTES + " bytes, is UTF-8 and has no zero byte",
                    job.identity()));
        }
        // Source: Kafka's default partitioner. Another one would put one key into two partitions, and its jobs overlap.
        int expected = BuiltInPartitioner.partitionForKey(key, queue.partitions());
        if (expected != partition) {
            return Optional.of(new Refused(
                    Envelope.Reason.WRONG_PARTITION,
                    "its key belongs to partition " + expected + " by murmur2, but it came in " + partition
                            + "; set the producer's partitioner (librdkafka: partitioner=murmur2_random)",
                    job.identity()));
        }
        return Optional.empty();
    }

    private static Optional<String> text(byte @Nullable [] key) {
        if (key == null) {
            return Optional.empty();
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(key))
                    .toString();
            return text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static byte[] hash(String type, byte[] data) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(type.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return Arrays.copyOf(digest.digest(data), HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
