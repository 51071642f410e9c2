package dev.muster.kafka;

import dev.muster.job.JobId;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.Topics;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** Looks for a job among the records that nobody has claimed yet. Reads them through, so it is for people. Thread-safe. */
public final class Backlog {
    private static final Duration POLL = Duration.ofMillis(200);

    private final KafkaClients clients;
    private final Ticker ticker;

    public Backlog(KafkaClients clients, Ticker ticker) {
        this.clients = clients;
        this.ticker = ticker;
    }

    /**
     * What came of it.
     *
     * @param searched records that were looked at
     * @param all that was all there were
     */
    public record Search(Optional<Found> found, long searched, boolean all) {}

    /**
     * Where it is.
     *
     * @param ahead so many records of its partition are before it
     */
    public record Found(String queue, int partition, long offset, long ahead) {}

    /**
     * Looks for a job with a {@code source} and an {@code id}; one without is named only when it is claimed.
     *
     * @param positions by queue, then partition: where claiming goes on; what is left out begins at 0
     * @param within when to give up
     * @throws org.apache.kafka.common.KafkaException if Kafka can't be read
     */
    public Search find(JobId id, Map<String, Map<Integer, Long>> positions, Duration within) {
        long end = ticker.nanos() + within.toNanos();
        try (Consumer<byte[], byte[]> consumer = clients.listener("muster-explain")) {
            Map<TopicPartition, Long> begins = begins(consumer, positions, within);
            consumer.assign(begins.keySet());
            Map<TopicPartition, Long> ends = consumer.endOffsets(begins.keySet(), within);
            begins.forEach(consumer::seek);
            long searched = 0;
            List<TopicPartition> open = new ArrayList<>(begins.keySet());
            while (true) {
                open.removeIf(partition -> consumer.position(partition, within) >= ends.getOrDefault(partition, 0L));
                if (open.isEmpty() || ticker.nanos() - end >= 0) {
                    return new Search(Optional.empty(), searched, open.isEmpty());
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    searched++;
                    if (isOf(record, id)) {
                        return new Search(Optional.of(found(record, begins)), searched, false);
                    }
                }
            }
        }
    }

    private static Map<TopicPartition, Long> begins(
            Consumer<byte[], byte[]> consumer, Map<String, Map<Integer, Long>> positions, Duration within) {
        Map<TopicPartition, Long> begins = new HashMap<>();
        positions.forEach((queue, byPartition) -> {
            List<PartitionInfo> partitions = consumer.partitionsFor(Topics.jobs(queue), within);
            if (partitions != null) {
                partitions.forEach(info -> begins.put(
                        new TopicPartition(info.topic(), info.partition()),
                        byPartition.getOrDefault(info.partition(), 0L)));
            }
        });
        return begins;
    }

    private static boolean isOf(ConsumerRecord<byte[], byte[]> record, JobId id) {
        return Envelope.read(record.headers(), record.value()) instanceof Envelope.Job job
                && job.identity()
                        .map(identity ->
                                JobId.of(identity.source(), identity.id()).equals(id))
                        .orElse(false);
    }

    private static Found found(ConsumerRecord<byte[], byte[]> record, Map<TopicPartition, Long> begins) {
        long begin = begins.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L);
        return new Found(
                Topics.queueOf(record.topic()),
                record.partition(),
                record.offset(),
                Math.max(0, record.offset() - begin));
    }
}
