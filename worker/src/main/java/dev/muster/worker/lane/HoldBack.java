package dev.muster.worker.lane;

import dev.muster.store.Claim;
import dev.muster.worker.intake.QueueView;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Keeps partitions from being read whose records could not be started now. Confined to the lane's thread. */
final class HoldBack {
    private final LaneParts parts;
    private final IntakePort intake;

    HoldBack(LaneParts parts, IntakePort intake) {
        this.parts = parts;
        this.intake = intake;
    }

    /** True while what comes next could not be started: its queue is paused, or its provider is known to be down. */
    boolean isBlocked(Held mine) {
        return parts.queues()
                        .view()
                        .find(mine.partition().queue())
                        .map(QueueView.Entry::queue)
                        .orElse(mine.queue())
                        .paused()
                || mine.headType(record -> typeOf(mine, record))
                        .filter(parts.parked())
                        .isPresent();
    }

    private Optional<String> typeOf(Held mine, ConsumerRecord<byte[], byte[]> record) {
        Claim.Entry entry = parts.reader().read(0, record, mine.queue(), mine.topicId());
        return entry.dead().isPresent() ? Optional.empty() : Optional.of(entry.type());
    }

    /** A blocked partition is read again from its position later: its records would only keep others from being polled. */
    void update(Held mine) {
        boolean blocked = isBlocked(mine);
        if (blocked && !mine.isHeldBack()) {
            mine.holdBack(true);
            mine.nextSeek();
            parts.demand().buffered(-mine.clear());
            intake.hold(mine.partition());
            intake.demand();
        } else if (!blocked && mine.isHeldBack()) {
            mine.holdBack(false);
            intake.resume(mine.partition(), mine.position(), mine.nextSeek());
        }
    }
}
