package dev.muster.worker.poll;

import dev.muster.protocol.Topics;
import dev.muster.store.PartitionEpoch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/**
 * The partitions that the group has assigned, and which of them the client is to read: those that their lane has taken over,
 * of queues that are wanted. The client is told when that changes, not at each poll: there are dozens of partitions.
 * Confined to the poll thread.
 */
final class Assignment {
    private final Consumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Entry> entries = new HashMap<>();
    /** Queues that the client was last told not to read. */
    private Set<String> unread = Set.of();
    /** True while partitions have come, gone, or been opened or closed since it was told. */
    private boolean moved;

    private int paused;

    Assignment(Consumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /**
     * A partition as it was assigned; it is read once its lane has taken it over.
     *
     * @param seek the lane's number of the position that it is read from
     */
    record Entry(PartitionEpoch partition, boolean open, int seek) {}

    int size() {
        return entries.size();
    }

    /** How many of them the client does not read. */
    int paused() {
        return paused;
    }

    Set<TopicPartition> partitions() {
        return Set.copyOf(entries.keySet());
    }

    Optional<Entry> find(TopicPartition tp) {
        return Optional.ofNullable(entries.get(tp));
    }

    /** True while it is assigned under this epoch. */
    boolean has(PartitionEpoch partition) {
        return find(topicPartition(partition))
                .filter(known -> known.partition().equals(partition))
                .isPresent();
    }

    /** Takes in a partition that has just been assigned. */
    void add(TopicPartition tp, PartitionEpoch partition) {
        put(tp, new Entry(partition, false, 0));
        consumer.pause(List.of(tp));
        // Any position will do until the lane says the right one; without one the client would ask for a
        // committed offset, and throw where there is none.
        consumer.seek(tp, 0);
    }

    Optional<PartitionEpoch> remove(TopicPartition tp) {
        moved = true;
        return Optional.ofNullable(entries.remove(tp)).map(Entry::partition);
    }

    /** Its lane has taken it over: it is read from this offset. */
    void open(PartitionEpoch partition, long offset, int seek) {
        if (has(partition)) {
            TopicPartition tp = topicPartition(partition);
            consumer.seek(tp, offset);
            put(tp, new Entry(partition, true, seek));
        }
    }

    /** Its lane wants nothing of it for now. */
    void close(PartitionEpoch partition) {
        if (has(partition)) {
            put(topicPartition(partition), new Entry(partition, false, 0));
        }
    }

    /** Its log begins at this offset, behind where it was read from; it is closed until its lane has said how to go on. */
    void cutOff(TopicPartition tp, Entry known, long beginning) {
        put(tp, new Entry(known.partition(), false, known.seek()));
        consumer.pause(List.of(tp));
        consumer.seek(tp, beginning);
    }

    /** Has the client read what is open, but for these queues. */
    void readAllBut(Set<String> queues) {
        if (!moved && queues.equals(unread)) {
            return;
        }
        Set<TopicPartition> silent = consumer.paused();
        List<TopicPartition> toPause = new ArrayList<>();
        List<TopicPartition> toResume = new ArrayList<>();
        int unreadPartitions = 0; // of ours: the client keeps one that was taken away until its next poll
        for (Map.Entry<TopicPartition, Entry> each : entries.entrySet()) {
            Entry entry = each.getValue();
            boolean read = entry.open() && !queues.contains(entry.partition().queue());
            if (read == silent.contains(each.getKey())) {
                (read ? toResume : toPause).add(each.getKey());
            }
            unreadPartitions += read ? 0 : 1;
        }
        consumer.pause(toPause);
        consumer.resume(toResume);
        paused = unreadPartitions;
        unread = queues;
        moved = false;
    }

    private void put(TopicPartition tp, Entry entry) {
        moved = true;
        entries.put(tp, entry);
    }

    static TopicPartition topicPartition(PartitionEpoch partition) {
        return new TopicPartition(Topics.jobs(partition.queue()), partition.partition());
    }
}
