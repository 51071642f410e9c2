package dev.muster.coordinator.relay;

import dev.muster.protocol.Topics;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * Which batch of submissions Kafka has got last: the metadata of an offset in a group that nobody is a member of, since
 * that is what a Kafka transaction can hold besides records. Kafka forgets it after {@code offsets.retention.minutes},
 * a week by default, without a batch; then a batch that was interrupted just as long ago would be sent again. Thread-safe.
 */
public final class BatchMark {
    private static final String GROUP = "muster-submissions";
    /** Any partition that is there: nobody reads the offset. */
    private static final TopicPartition PLACE = new TopicPartition(Topics.EVENTS, 0);

    @SuppressWarnings("removal") // Kafka wants it from a consumer, and there is none
    private static final ConsumerGroupMetadata NOBODY = new ConsumerGroupMetadata(GROUP);

    private static final long LIMIT_SECONDS = 15;

    private final Admin admin;

    public BatchMark(Admin admin) {
        this.admin = admin;
    }

    /** Puts a batch's id into the producer's transaction. */
    void put(Producer<byte[], byte[]> producer, UUID batch) {
        producer.sendOffsetsToTransaction(Map.of(PLACE, new OffsetAndMetadata(0, batch.toString())), NOBODY);
    }

    /**
     * The last batch whose transaction is over.
     *
     * @throws KafkaException if Kafka does not say
     */
    Optional<UUID> read() {
        try {
            return Optional.ofNullable(admin.listConsumerGroupOffsets(
                                    GROUP, new ListConsumerGroupOffsetsOptions().requireStable(true))
                            .partitionsToOffsetAndMetadata()
                            .get(LIMIT_SECONDS, TimeUnit.SECONDS)
                            .get(PLACE))
                    .map(offset -> UUID.fromString(offset.metadata()));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return Optional.empty();
            }
            throw new KafkaException("can't read which submissions have arrived", e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("Kafka does not say which submissions have arrived", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted while reading which submissions have arrived", e);
        }
    }
}
