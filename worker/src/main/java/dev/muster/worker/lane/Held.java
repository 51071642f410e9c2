package dev.muster.worker.lane;

import dev.muster.job.Queue;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.TakeOver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A partition that the group has assigned to this worker, as its lane knows it. Confined to the lane's thread. */
final class Held {
    private final PartitionEpoch partition;
    private final Deque<ConsumerRecord<byte[], byte[]>> buffer = new ArrayDeque<>();
    private final long assignedAt;
    private @Nullable Taken taken;
    private int seek;
    private boolean heldBack;
    private @Nullable String headType;
    private long headOffset = -1;
    private long claimedTo;
    private long askAgainAt;

    /**
     * What is true while it is ours in Postgres.
     *
     * @param position where claiming goes on
     */
    private record Taken(Queue queue, UUID topicId, long position, TakeOver.Layout layout) {}

    /** @param assignedAt by the ticker */
    Held(PartitionEpoch partition, long assignedAt) {
        this.partition = partition;
        this.assignedAt = assignedAt;
        this.askAgainAt = assignedAt;
    }

    long assignedAt() {
        return assignedAt;
    }

    PartitionEpoch partition() {
        return partition;
    }

    boolean isTaken() {
        return taken != null;
    }

    Queue queue() {
        return whenTaken().queue();
    }

    /** The queue by whose rules the record of this offset is judged: while it grows its keys move. */
    Queue queueAt(long offset) {
        Taken now = whenTaken();
        int count = now.layout().countAt(offset);
        return count == now.queue().partitions() ? now.queue() : now.queue().over(count);
    }

    /** What was known of the queue's partitions when this one was taken over. */
    int growth() {
        return whenTaken().layout().growth();
    }

    /** It is held for now: time to ask again at this time, by the ticker. */
    void askAgainAt(long nanos) {
        askAgainAt = nanos;
    }

    /** True if it is to be taken over now. */
    boolean isToTake(long now) {
        return taken == null && now - askAgainAt >= 0;
    }

    UUID topicId() {
        return whenTaken().topicId();
    }

    long position() {
        return whenTaken().position();
    }

    /**
     * It is ours, from {@code position} on. Records from before that are claimed already and dropped; all are, if
     * Postgres was set back behind what it had: those between are not here.
     *
     * @return how many were dropped
     */
    int taken(Queue queue, UUID topicId, long position, TakeOver.Layout layout) {
        taken = new Taken(queue, topicId, position, layout);
        heldBack = false;
        headOffset = -1;
        int before = buffer.size();
        if (position < claimedTo) {
            buffer.clear();
        }
        claimedTo = position;
        while (!buffer.isEmpty() && buffer.getFirst().offset() < position) {
            buffer.removeFirst();
        }
        return before - buffer.size();
    }

    /** Nobody knows whether a claim of it was written: it has to be taken over again, which tells. */
    void doubt() {
        taken = null;
    }

    /**
     * Adds polled records. Those that it has, or that are claimed already, are left out: after trouble the poll loop
     * may have been sent back.
     *
     * @return how many were left out
     */
    int add(List<ConsumerRecord<byte[], byte[]>> records) {
        int dropped = 0;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            long next = buffer.isEmpty()
                    ? taken == null ? 0 : taken.position()
                    : buffer.getLast().offset() + 1;
            if (record.offset() < next) {
                dropped++;
            } else {
                buffer.addLast(record);
            }
        }
        return dropped;
    }

    /** The number of the position that it is read from now. */
    int seek() {
        return seek;
    }

    /** It will be read from another position; what comes under an earlier number is from before. */
    int nextSeek() {
        return ++seek;
    }

    int buffered() {
        return buffer.size();
    }

    /** The next records to be claimed, at most {@code limit}; they stay in the buffer until {@link #claimed}. */
    List<ConsumerRecord<byte[], byte[]>> head(int limit) {
        List<ConsumerRecord<byte[], byte[]>> head = new ArrayList<>(Math.min(limit, buffer.size()));
        for (ConsumerRecord<byte[], byte[]> record : buffer) {
            if (head.size() == limit) {
                break;
            }
            head.add(record);
        }
        return head;
    }

    /** The first {@code count} records are durable, and claiming goes on at {@code position}. */
    void claimed(int count, long position) {
        for (int i = 0; i < count; i++) {
            buffer.removeFirst();
        }
        Taken before = whenTaken();
        taken = new Taken(before.queue(), before.topicId(), position, before.layout());
        claimedTo = position;
    }

    /** True while it is not read from, since what it has could not be started. */
    boolean isHeldBack() {
        return heldBack;
    }

    void holdBack(boolean back) {
        heldBack = back;
    }

    /** The job type of the next record, or of the one that was next when it was held back; empty: there is none. */
    Optional<String> headType(Function<ConsumerRecord<byte[], byte[]>, Optional<String>> read) {
        if (!buffer.isEmpty() && buffer.getFirst().offset() != headOffset) {
            headOffset = buffer.getFirst().offset();
            headType = read.apply(buffer.getFirst()).orElse(null);
        }
        return buffer.isEmpty() && !heldBack ? Optional.empty() : Optional.ofNullable(headType);
    }

    int clear() {
        int dropped = buffer.size();
        buffer.clear();
        return dropped;
    }

    private Taken whenTaken() {
        Taken now = taken;
        if (now == null) {
            throw new IllegalStateException(partition + " is not taken over");
        }
        return now;
    }
}
