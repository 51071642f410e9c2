package dev.muster.worker.intake;

import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.RecordHeaders;
import dev.muster.store.Claim;
import dev.muster.store.RunningJob;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * Turns a polled record into what is claimed: a job, or a dead job with the record's bytes and the reason. Never throws
 * on account of the bytes. Pure; thread-safe.
 */
public final class SubmissionReader {
    /** Postgres' index on keys takes no more than 2,700 bytes; a key that long is a mistake anyway. */
    private static final int MAX_KEY_BYTES = 1_024;

    private static final int HASH_BYTES = 16;

    /** The end of the year 9999. A topic may allow its producers any timestamp, and Postgres ends sooner. */
    private static final long LATEST_MILLIS = 253_402_214_400_000L;

    private final int maxBytes;
    private final Predicate<String> knownType;

    /**
     * A reader with its limits.
     *
     * @param maxBytes of value and headers together
     * @param knownType whether there is a handler for a job type
     */
    public SubmissionReader(int maxBytes, Predicate<String> knownType) {
        this.maxBytes = maxBytes;
        this.knownType = knownType;
    }

    /**
     * Reads one record.
     *
     * @param span the index of its span in the claim that it will be part of
     */
    public Claim.Entry read(int span, ConsumerRecord<byte[], byte[]> record, Queue queue, UUID topicId) {
        JobId positionId = JobId.atPosition(topicId, record.partition(), record.offset(), record.timestamp());
        byte[] headers = RecordHeaders.encode(record.headers());
        byte[] value = record.value() == null ? new byte[0] : record.value();
        RunningJob.Bytes bytes = new RunningJob.Bytes(record.key(), value, headers);
        Instant submittedAt = Instant.ofEpochMilli(Math.clamp(record.timestamp(), 0, LATEST_MILLIS));
        Envelope envelope = value.length + headers.length > maxBytes
                ? new Envelope.Rejected(
                        Envelope.Reason.TOO_LARGE,
                        "it has " + (value.length + headers.length) + " bytes, more than " + maxBytes)
                : Envelope.read(record.headers(), value);
        return switch (check(envelope, record, queue)) {
            case Envelope.Job job ->
                new Claim.Entry(
                        span,
                        record.offset(),
                        job.identity().map(i -> JobId.of(i.source(), i.id())).orElse(positionId),
                        positionId,
                        job.type(),
                        queue.isKeyed() ? text(record.key()) : Optional.empty(),
                        new Claim.Terms(
                                job.maxFailures(),
                                job.runAt(),
                                job.deadline(),
                                job.uniqueKey(),
                                job.limitKey(),
                                submittedAt),
                        bytes,
                        hash(job.type(), Envelope.data(record.headers(), value)),
                        Optional.empty());
            case Envelope.Rejected(Envelope.Reason reason, String detail) ->
                dead(span, record.offset(), positionId, submittedAt, bytes, reason, detail);
        };
    }

    /** An entry that Postgres refused, as a dead job: with its bytes, and nothing in it that could be refused again. */
    public static Claim.Entry refused(Claim.Entry entry, String detail) {
        return dead(
                entry.span(),
                entry.offset(),
                entry.positionId(),
                entry.terms().submittedAt(),
                entry.bytes(),
                Envelope.Reason.REFUSED_BY_STORE,
                detail);
    }

    private Envelope check(Envelope envelope, ConsumerRecord<byte[], byte[]> record, Queue queue) {
        if (!(envelope instanceof Envelope.Job job)) {
            return envelope;
        }
        if (!knownType.test(job.type())) {
            return new Envelope.Rejected(Envelope.Reason.UNKNOWN_TYPE, "no handler for the type " + job.type());
        }
        if (!queue.isKeyed() || record.key() == null) {
            return job;
        }
        if (record.key().length > MAX_KEY_BYTES || text(record.key()).isEmpty()) {
            return new Envelope.Rejected(
                    Envelope.Reason.BAD_KEY,
                    "a key has at most " + MAX_KEY_BYTES + " bytes, is UTF-8 and has no zero byte");
        }
        // Source: Kafka's default partitioner. Another one would put one key into two partitions, and its jobs overlap.
        int expected = Utils.toPositive(Utils.murmur2(record.key())) % queue.partitions();
        if (expected != record.partition()) {
            return new Envelope.Rejected(
                    Envelope.Reason.WRONG_PARTITION,
                    "its key belongs to partition " + expected + " by murmur2, but it came in " + record.partition()
                            + "; set the producer's partitioner (librdkafka: partitioner=murmur2_random)");
        }
        return job;
    }

    private static Claim.Entry dead(
            int span,
            long offset,
            JobId positionId,
            Instant submittedAt,
            RunningJob.Bytes bytes,
            Envelope.Reason reason,
            String detail) {
        return new Claim.Entry(
                span,
                offset,
                positionId,
                positionId,
                "none",
                Optional.empty(),
                new Claim.Terms(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        submittedAt),
                bytes,
                new byte[HASH_BYTES],
                Optional.of(new Claim.Dead(reason.wireName(), detail.replace('\0', '\uFFFD'))));
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
