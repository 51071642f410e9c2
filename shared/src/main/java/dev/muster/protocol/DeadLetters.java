package dev.muster.protocol;

import dev.muster.job.JobId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Dead jobs as records of {@link Topics#DEAD_LETTERS}: key, value and headers as they were submitted, with headers of
 * our own and those of Spring, which tools for redriving know.
 *
 * <p>Source: Spring for Apache Kafka, {@code KafkaHeaders.DLT_*}: topic and texts in UTF-8, the partition as 4 bytes,
 * offset and timestamp as 8 bytes, big-endian.
 */
public final class DeadLetters {
    /** Why it is dead: a small closed set. */
    public static final String REASON = "muster-dlq-reason";
    /** What happened, for a human. */
    public static final String DETAIL = "muster-dlq-detail";
    /** The job. */
    public static final String JOB_ID = "muster-job-id";
    /** The topic it was submitted to; also Spring's name. */
    public static final String ORIGINAL_TOPIC = "kafka_dlt-original-topic";

    static final String ORIGINAL_PARTITION = "kafka_dlt-original-partition";
    static final String ORIGINAL_OFFSET = "kafka_dlt-original-offset";
    static final String ORIGINAL_TIMESTAMP = "kafka_dlt-original-timestamp";
    static final String EXCEPTION_CLASS = "kafka_dlt-exception-fqcn";
    static final String EXCEPTION_MESSAGE = "kafka_dlt-exception-message";

    private static final Pattern CLASS_AND_MESSAGE = Pattern.compile(
            "((?:[\\p{L}_$][\\p{L}\\p{N}_$]*\\.)+[\\p{L}_$][\\p{L}\\p{N}_$]*)(?:: (.*))?", Pattern.DOTALL);

    private DeadLetters() {}

    /** The record as it was submitted. */
    public record Original(
            String topic,
            int partition,
            long offset,
            long timestamp,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Headers headers) {}

    /** The dead letter of a job. */
    public static ProducerRecord<byte[], byte[]> record(
            JobId jobId, Original original, String reason, @Nullable String detail) {
        ProducerRecord<byte[], byte[]> letter =
                new ProducerRecord<>(Topics.DEAD_LETTERS, null, original.key(), original.value(), original.headers());
        Headers headers = letter.headers();
        put(headers, REASON, reason);
        put(headers, JOB_ID, jobId.toString());
        put(headers, ORIGINAL_TOPIC, original.topic());
        headers.add(
                ORIGINAL_PARTITION,
                bytes(Integer.BYTES).putInt(original.partition()).array());
        headers.add(
                ORIGINAL_OFFSET, bytes(Long.BYTES).putLong(original.offset()).array());
        headers.add(
                ORIGINAL_TIMESTAMP,
                bytes(Long.BYTES).putLong(original.timestamp()).array());
        Matcher known = CLASS_AND_MESSAGE.matcher(detail == null ? "" : detail);
        boolean hasClass = known.matches();
        put(headers, EXCEPTION_CLASS, hasClass ? known.group(1) : "dev.muster.job." + reason);
        String message = hasClass ? known.group(2) : detail;
        put(headers, EXCEPTION_MESSAGE, message == null ? reason : message);
        if (detail != null) {
            put(headers, DETAIL, detail);
        }
        return letter;
    }

    private static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size);
    }

    private static void put(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
