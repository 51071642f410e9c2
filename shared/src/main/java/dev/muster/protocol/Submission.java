package dev.muster.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.job.JobId;
import dev.muster.job.NewJob;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import tools.jackson.core.JacksonException;

/**
 * A job as its submitter states it: a CloudEvent.
 *
 * @param source with {@code id} the job's identity: the same pair is the same job
 * @param type names the handler
 * @param key the record's key; in a keyed queue what its order goes by
 * @param data the payload, JSON
 * @param extensions further CloudEvents attributes by name, such as {@code musterrunat}
 */
public record Submission(
        String source, String id, String type, Optional<String> key, byte[] data, Map<String, String> extensions) {

    public Submission {
        extensions = Map.copyOf(extensions);
    }

    /**
     * The record that submits it to a queue, in CloudEvents' binary mode.
     *
     * <p>Source: CloudEvents 1.0, Kafka protocol binding, "Binary content mode".
     */
    public ProducerRecord<byte[], byte[]> toRecord(String queue) {
        Headers headers = new RecordHeaders();
        headers.add("ce_specversion", "1.0".getBytes(UTF_8));
        headers.add("ce_id", id.getBytes(UTF_8));
        headers.add("ce_source", source.getBytes(UTF_8));
        headers.add("ce_type", type.getBytes(UTF_8));
        headers.add("content-type", "application/json".getBytes(UTF_8));
        extensions.forEach((name, value) -> headers.add("ce_" + name, value.getBytes(UTF_8)));
        return new ProducerRecord<>(
                Topics.jobs(queue), null, null, key.map(k -> k.getBytes(UTF_8)).orElse(null), data, headers);
    }

    /**
     * The submission of a job.
     *
     * @param now from when its delay counts
     * @throws IllegalArgumentException if its payload can't be written as JSON
     */
    public static Submission of(String source, String id, NewJob job, Instant now) {
        NewJob.Terms terms = job.terms();
        Map<String, String> attributes = new HashMap<>();
        switch (terms.start()) {
            case NewJob.Start.AtOnce() -> {}
            case NewJob.Start.At(Instant at) -> attributes.put("musterrunat", at.toString());
            case NewJob.Start.After(Duration delay) ->
                attributes.put("musterrunat", now.plus(delay).toString());
        }
        terms.deadline().ifPresent(at -> attributes.put("musterdeadline", at.toString()));
        terms.retries().maxAttempts().ifPresent(n -> attributes.put("mustermaxattempts", Integer.toString(n)));
        terms.retries().base().ifPresent(wait -> attributes.put("musterretrybase", wait.toString()));
        terms.retries().cap().ifPresent(wait -> attributes.put("musterretrycap", wait.toString()));
        terms.uniqueKey().ifPresent(key -> attributes.put("musteruniquekey", key));
        terms.limitKey().ifPresent(key -> attributes.put("musterlimitkey", key));
        return new Submission(source, id, job.type(), job.key(), json(job.payload()), attributes);
    }

    private static byte[] json(Object payload) {
        try {
            if (payload instanceof byte[] bytes) {
                var _ = Json.MAPPER.readTree(bytes);
                return bytes;
            }
            return Json.MAPPER.writeValueAsBytes(payload);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the payload is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * What a worker would refuse it for, as far as that shows without its queue; empty: nothing.
     *
     * @param maxBytes a larger record is refused
     */
    public Optional<String> problem(int maxBytes) {
        if (source.isEmpty() || id.isEmpty()) {
            return Optional.of("source and id are not empty strings");
        }
        if (data.length > maxBytes) {
            return Optional.of("its data are " + data.length + " bytes, more than " + maxBytes);
        }
        return Envelope.read(toRecord("any").headers(), data) instanceof Envelope.Rejected rejected
                ? Optional.of(rejected.detail())
                : Optional.empty();
    }

    /** The job that it submits. */
    public JobId jobId() {
        return JobId.of(source, id);
    }

    /**
     * The partition that a job belongs to which comes by no record: for a key the one where Kafka's default partitioner
     * would put it (murmur2), since one key in two partitions has no order; else any, always the same.
     *
     * @param partitions how many the queue's topic has, from 1
     */
    public int partition(int partitions) {
        return key.map(k -> BuiltInPartitioner.partitionForKey(k.getBytes(UTF_8), partitions))
                .orElseGet(() -> Math.floorMod(jobId().value().hashCode(), partitions));
    }
}
