package dev.muster.coordinator.relay;

import dev.muster.kafka.KafkaClients;
import dev.muster.store.SubmissionStore.Refusal;
import dev.muster.store.SubmissionStore.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Produces batches of submissions, each in one transaction with its mark. Confined to the relay's thread. */
final class SubmissionProducer {
    private static final String TRANSACTIONAL_ID = "muster-submissions";

    private final Producer<byte[], byte[]> producer;

    private SubmissionProducer(Producer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    /** Ends the transaction that another one has left open, and lets it begin no further one. */
    static SubmissionProducer open(KafkaClients clients, long epoch) {
        Producer<byte[], byte[]> producer = clients.transactional(TRANSACTIONAL_ID + "-" + epoch, TRANSACTIONAL_ID);
        try {
            producer.initTransactions();
            return new SubmissionProducer(producer);
        } catch (RuntimeException e) {
            producer.close(Duration.ZERO);
            throw e;
        }
    }

    /**
     * Produces a batch, all of it or nothing.
     *
     * @return those that Kafka would never take; then nothing was produced. Empty: all of it was
     * @throws KafkaException if it may or may not have been produced
     */
    List<Refusal> produce(List<Waiting> batch, BatchMark mark, UUID id) {
        Queue<Refusal> refusals = new ConcurrentLinkedQueue<>();
        producer.beginTransaction();
        for (Waiting waiting : batch) {
            var _ = producer.send(waiting.submission().toRecord(waiting.queue()), (_, failure) -> {
                if (failure instanceof RecordTooLargeException) {
                    refusals.add(new Refusal(waiting.place(), String.valueOf(failure.getMessage())));
                }
            });
        }
        try {
            mark.put(producer, id);
            producer.commitTransaction();
            return List.of();
        } catch (KafkaException e) {
            if (refusals.isEmpty()) {
                throw e;
            }
            producer.abortTransaction();
            return List.copyOf(refusals);
        }
    }

    void close() {
        producer.close(Duration.ofSeconds(1));
    }
}
