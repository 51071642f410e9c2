package dev.muster.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.job.JobId;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

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
