package dev.muster.worker.lane;

import dev.muster.store.Claim;
import dev.muster.worker.intake.QueueView;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Keeps partitions from being read whose records could not be started now. Jobs whose provider is down are claimed all the
 * same up to a number, and wait in the table, so that others behind them flow; after that their partitions are held back.
 * Confined to the lane's thread.
 */
final class HoldBack {
    /** Each is looked at every few seconds while its circuit is open. */
    private static final int MOST_ASIDE = 500;

    private final LaneParts parts;
    private final IntakePort intake;
    private final Set<String> asideTypes = new HashSet<>();
    private int aside;

    HoldBack(LaneParts parts, IntakePort intake) {
        this.parts = parts;
        this.intake = intake;
    }

    /** How many more jobs whose provider is down may be claimed to wait in the table. */
    int roomAside() {
        return MOST_ASIDE - aside;
    }

    /** One of this type was claimed to wait until its provider is back. */
    void setAside(String type) {
        asideTypes.add(type);
        aside++;
    }

    /** Once the providers are back, what was set aside goes on by itself, and there is room for the next time. */
    void look() {
        if (aside > 0 && asideTypes.stream().noneMatch(parts.parked())) {
            asideTypes.clear();
            aside = 0;
        }
    }

    /** True while what comes next could not even be set aside: its queue is paused, or its provider is down and has been. */
    boolean isBlocked(Held mine) {
        return parts.queues()
                        .view()
                        .find(mine.partition().queue())
                        .map(QueueView.Entry::queue)
                        .orElse(mine.queue())
                        .paused()
                || (roomAside() <= 0
                        && mine.headType(record -> typeOf(mine, record))
                                .filter(parts.parked())
                                .isPresent());
    }

    private Optional<String> typeOf(Held mine, ConsumerRecord<byte[], byte[]> record) {
        Claim.Entry entry = parts.reader().read(0, record, mine.queueAt(record.offset()), mine.topicId());
        return entry.dead().isPresent() ? Optional.empty() : Optional.of(entry.type());
    }

    /** A blocked partition is read again from its position later: its records would only keep others from being polled. */
    void update(Held mine) {
        boolean blocked = isBlocked(mine);
        if (blocked && !mine.isHeldBack()) {
            mine.holdBack(true);
            mine.nextSeek();
            parts.demand().buffered(mine.partition().queue(), -mine.clear());
            intake.hold(mine.partition());
            intake.demand();
        } else if (!blocked && mine.isHeldBack()) {
            mine.holdBack(false);
            intake.resume(mine.partition(), mine.position(), mine.nextSeek());
        }
    }
}
