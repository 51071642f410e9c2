package dev.muster.worker.intake;

import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.protocol.Admission;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.StoredRecord;
import dev.muster.store.Claim;
import dev.muster.store.RunningJob;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Turns a polled record into what is claimed: a job, or a dead job with the record's bytes and the reason. Never throws
 * on account of the bytes. Pure; thread-safe.
 */
public final class SubmissionReader {
    /** The end of the year 9999. A topic may allow its producers any timestamp, and Postgres ends sooner. */
    private static final long LATEST_MILLIS = 253_402_214_400_000L;

    private final Admission admission;

    /**
     * A reader with its limits.
     *
     * @param maxBytes of value and headers together
     * @param knownType whether there is a handler for a job type
     */
    public SubmissionReader(int maxBytes, Predicate<String> knownType) {
        this.admission = new Admission(maxBytes, knownType);
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
        StoredRecord stored = new StoredRecord(record.key(), value, headers);
        return switch (admission.judge(stored, record.headers(), record.partition(), queue)) {
            case Admission.Admitted(Envelope.Job job, Optional<String> orderKey, byte[] payloadHash) ->
                new Claim.Entry(
                        span,
                        record.offset(),
                        id(job.identity(), positionId),
                        positionId,
                        job.type(),
                        orderKey,
                        new Claim.Terms(
                                job.retries().maxAttempts(),
                                job.runAt(),
                                job.deadline(),
                                job.uniqueKey(),
                                job.limitKey(),
                                submittedAt),
                        bytes,
                        payloadHash,
                        Optional.empty());
            case Admission.Refused(Envelope.Reason reason, String detail, Optional<Envelope.Identity> named) ->
                dead(
                        span,
                        record.offset(),
                        id(named, positionId),
                        positionId,
                        submittedAt,
                        bytes,
                        cause(reason, detail));
        };
    }

    /** An entry that Postgres refused, as a dead job: with its bytes, and nothing in it that could be refused again. */
    public static Claim.Entry refused(Claim.Entry entry, String detail) {
        return dead(
                entry.span(),
                entry.offset(),
                entry.id(),
                entry.positionId(),
                entry.terms().submittedAt(),
                entry.bytes(),
                cause(Envelope.Reason.REFUSED_BY_STORE, detail));
    }

    private static JobId id(Optional<Envelope.Identity> named, JobId positionId) {
        return named.map(i -> JobId.of(i.source(), i.id())).orElse(positionId);
    }

    private static Claim.Dead cause(Envelope.Reason reason, String detail) {
        return new Claim.Dead(reason.wireName(), detail.replace('\0', '\uFFFD'));
    }

    private static Claim.Entry dead(
            int span,
            long offset,
            JobId id,
            JobId positionId,
            Instant submittedAt,
            RunningJob.Bytes bytes,
            Claim.Dead why) {
        return new Claim.Entry(
                span,
                offset,
                id,
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
                new byte[Admission.HASH_BYTES],
                Optional.of(why));
    }
}
