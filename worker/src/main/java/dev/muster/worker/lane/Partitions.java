package dev.muster.worker.lane;

import dev.muster.store.PartitionEpoch;
import dev.muster.store.TakeOver;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.execution.Shares;
import dev.muster.worker.intake.QueueView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The partitions of a lane: assigned, taken over, claimed from. Confined to the lane's thread. */
final class Partitions {
    private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);
    /** How often a partition is asked for that is held. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

    private final LaneParts parts;
    private final IntakePort intake;
    private final Picks picks;
    private final Claims claims;
    private final Map<String, Held> held = new LinkedHashMap<>();
    private final Map<String, LaneEvent.LogReset> resets = new HashMap<>();
    private final HoldBack holdBack;
    /** Which look at the queues this lane has heeded, by its time. */
    private long heededAsOf = Long.MIN_VALUE;
    /** True while partitions that have no records ready may be of a paused queue. */
    private boolean unheeded;

    Partitions(LaneParts parts, IntakePort intake, Runs runs, Shares.Claimer claimer) {
        this.parts = parts;
        this.intake = intake;
        this.holdBack = new HoldBack(parts, intake);
        this.picks = new Picks(parts, holdBack, claimer);
        this.claims = new Claims(parts, intake, runs, holdBack);
    }

    void assigned(PartitionEpoch partition) {
        released(partition, true);
        held.put(name(partition), new Held(partition, parts.ticker().nanos()));
        parts.queues().lookSoon(); // it may be another topic of the same name, and is not claimed from until we know
    }

    /** Nothing of it may be started any more; what was polled and not claimed, its next owner polls again. */
    void released(PartitionEpoch partition) {
        released(partition, false);
    }

    void polled(LaneEvent.Polled polled) {
        PartitionEpoch partition = polled.partition();
        int records = polled.records().size();
        Held mine = held.get(name(partition));
        // RACE: what was polled before a seek may come in after the lane has ordered it; behind the new position it
        // would look as if the records between did not exist.
        if (mine == null || !mine.partition().equals(partition) || mine.seek() != polled.seek()) {
            parts.demand().buffered(partition.queue(), -records);
            return;
        }
        parts.demand().buffered(partition.queue(), -mine.add(polled.records()));
        parts.meters().polled(partition.queue(), records);
    }

    /** Kafka's log does not reach to our position; {@link #resetPositions} sees to it. */
    void logReset(LaneEvent.LogReset reset) {
        resets.put(name(reset.partition()), reset);
    }

    /** Goes on where the logs begin that do not reach to our positions. A human is told; identity alone decides from here. */
    void resetPositions() {
        for (Map.Entry<String, LaneEvent.LogReset> entry : List.copyOf(resets.entrySet())) {
            LaneEvent.LogReset reset = entry.getValue();
            Held mine = held.get(entry.getKey());
            if (mine == null || !mine.partition().equals(reset.partition())) {
                resets.remove(entry.getKey()); // it is another's now, or ours anew
            } else if (mine.isTaken()) {
                resetPosition(mine, reset);
                resets.remove(entry.getKey());
            }
        }
    }

    private void resetPosition(Held mine, LaneEvent.LogReset reset) {
        if (!parts.store().resetPosition(reset.partition(), reset.offset())) {
            return;
        }
        if (reset.position() > 0) { // a queue that was never read begins wherever its log begins
            parts.watch()
                    .incident(
                            "log_out_of_range",
                            name(reset.partition()),
                            "Kafka's log does not hold offset " + reset.position()
                                    + ", where claiming was to go on; "
                                    + "it goes on at " + reset.offset()
                                    + ". Records may have been deleted before they were claimed, or the log was set back.");
        }
        mine.doubt();
    }

    /** Takes over in Postgres what the group has assigned: one statement for all. True if something was taken. */
    boolean takeOver() {
        Map<String, TakeOver> wishes = new LinkedHashMap<>();
        heedQueues(parts.queues().view());
        long now = parts.ticker().nanos();
        for (Held mine : held.values()) {
            if (mine.isToTake(now)) {
                PartitionEpoch p = mine.partition();
                Optional<QueueView.Entry> queue = parts.queues().view().find(p.queue());
                queue.ifPresent(q -> wishes.put(name(p), new TakeOver(p, q.topicId())));
            }
        }
        if (wishes.isEmpty()) {
            return false;
        }
        parts.faults().reached(FaultPoint.BEFORE_TAKE_OVER);
        long started = parts.ticker().nanos();
        List<TakeOver.Answer> answers = parts.store().takeOver(List.copyOf(wishes.values()));
        parts.meters().database("take_over", started);
        boolean any = false;
        for (TakeOver.Answer answer : answers) {
            Held mine = held.get(answer.queue() + "/" + answer.partition());
            TakeOver wish = wishes.get(answer.queue() + "/" + answer.partition());
            if (mine != null && wish != null) {
                any |= taken(mine, wish, answer);
            }
        }
        return any;
    }

    /** What is known of the queues changes with a look at them; a lane turns a hundred times as often. */
    private void heedQueues(QueueView view) {
        if (view.asOf() != heededAsOf) {
            heededAsOf = view.asOf();
            unheeded = true;
            held.values().forEach(mine -> doubtIfChanged(mine, view));
        }
    }

    /** The group may assign a topic that was made anew before the worker has seen its new id; and a queue may grow. */
    private void doubtIfChanged(Held mine, QueueView view) {
        Optional<QueueView.Entry> seen = view.find(mine.partition().queue());
        if (!mine.isTaken() || seen.isEmpty()) {
            return;
        }
        if (!seen.get().topicId().equals(mine.topicId())) {
            parts.demand().buffered(mine.partition().queue(), -mine.clear());
            mine.doubt();
        } else if (seen.get().queue().growth() > mine.growth()) {
            mine.doubt(); // taken over again, it knows how keys are spread now
        }
    }

    private boolean taken(Held mine, TakeOver wish, TakeOver.Answer answer) {
        PartitionEpoch partition = mine.partition();
        switch (answer.verdict()) {
            case FENCED -> parts.watch().fenced();
            case HELD -> mine.askAgainAt(parts.ticker().nanos() + ASK_AGAIN.toNanos());
            case OVERTAKEN -> {
                LOG.atInfo()
                        .addKeyValue("partition", name(partition))
                        .log("A later owner stands in Postgres; this assignment is let go");
                released(partition, true);
                parts.watch().overtaken(partition, answer.storedEpoch());
            }
            case TAKEN -> {
                Optional<QueueView.Entry> queue = parts.queues().view().find(partition.queue());
                if (queue.isEmpty()) {
                    return false; // the queue was dropped this moment
                }
                if (answer.logReplaced()) {
                    parts.watch()
                            .incident(
                                    "topic_replaced",
                                    name(partition),
                                    "The topic was made anew; claiming starts at its beginning. Old offsets mean nothing in it.");
                }
                boolean kept = mine.buffered() > 0;
                int dropped = mine.taken(
                        queue.get().queue().over(answer.layout().partitions()),
                        wish.topicId(),
                        answer.nextOffset(),
                        answer.layout());
                parts.demand().buffered(partition.queue(), -dropped);
                unheeded = true;
                if (!kept || mine.buffered() == 0) {
                    intake.resume(partition, answer.nextOffset(), mine.nextSeek());
                }
                return true;
            }
        }
        return false;
    }

    /**
     * Makes polled records durable, as many as there are free slots, and starts those that may start.
     *
     * @return true if some of them wait in the table now
     */
    boolean claim() {
        holdBack.look();
        List<Held> claimable = new ArrayList<>();
        for (Held mine : held.values()) {
            if (mine.isTaken() && (unheeded || mine.buffered() > 0 || mine.isHeldBack())) {
                holdBack.update(mine);
                if (isClaimable(mine)) {
                    claimable.add(mine);
                }
            }
        }
        unheeded = false;
        List<Picks.Pick> next = picks.pick(claimable);
        if (next.isEmpty()) {
            return false;
        }
        boolean waiting = claims.claim(next);
        intake.demand();
        return waiting;
    }

    void storeRefusals() {
        claims.storeRefusals();
    }

    /** All partitions that are ours in Postgres. */
    List<PartitionEpoch> owned() {
        return held.values().stream().filter(Held::isTaken).map(Held::partition).toList();
    }

    List<PartitionEpoch> ownedKeyed() {
        return held.values().stream()
                .filter(mine -> mine.isTaken() && mine.queue().isKeyed())
                .map(Held::partition)
                .toList();
    }

    /** True while the free slots are other queues'; asked again soon, or when some are left. */
    boolean isDenied() {
        return picks.isDenied();
    }

    boolean hasClaimable() {
        if (picks.isDenied() || parts.shares().free() <= 0) {
            return false;
        }
        for (Held mine : held.values()) { // no stream: it is asked each turn, of dozens, and nearly all have nothing
            if (isClaimable(mine)) {
                return true;
            }
        }
        return false;
    }

    boolean hasUntaken() {
        long now = parts.ticker().nanos();
        for (Held mine : held.values()) {
            if (mine.isToTake(now)) {
                return true;
            }
        }
        return false;
    }

    /** After an unanswered statement nobody knows where the positions are. */
    void doubt() {
        held.values().forEach(Held::doubt);
    }

    private boolean isClaimable(Held mine) {
        return mine.isTaken()
                && mine.buffered() > 0
                && parts.queues().view().asOf() - mine.assignedAt() >= 0
                && !holdBack.isBlocked(mine);
    }

    private void released(PartitionEpoch partition, boolean anyEpoch) {
        Held mine = held.get(name(partition));
        if (mine != null && (anyEpoch || mine.partition().equals(partition))) {
            parts.demand().buffered(partition.queue(), -mine.clear());
            held.remove(name(partition));
        }
    }

    static String name(PartitionEpoch partition) {
        return partition.queue() + "/" + partition.partition();
    }
}
