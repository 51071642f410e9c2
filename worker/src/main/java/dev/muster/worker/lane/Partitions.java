package dev.muster.worker.lane;

import dev.muster.store.Claim;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunningJob;
import dev.muster.store.StoreException;
import dev.muster.store.TakeOver;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.intake.QueueView;
import dev.muster.worker.intake.SubmissionReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The partitions of a lane: assigned, taken over, claimed from. Confined to the lane's thread. */
final class Partitions {
    private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);
    private static final int BATCH = 1_000;

    private final LaneParts parts;
    private final IntakePort intake;
    private final Consumer<RunningJob> start;
    private final Map<String, Held> held = new LinkedHashMap<>();
    private final List<PartitionEpoch> refusals = new ArrayList<>();
    private final Map<String, LaneEvent.LogReset> resets = new HashMap<>();
    private final HoldBack holdBack;
    private int turn;
    private boolean waiting;

    Partitions(LaneParts parts, IntakePort intake, Consumer<RunningJob> start) {
        this.parts = parts;
        this.intake = intake;
        this.start = start;
        this.holdBack = new HoldBack(parts, intake);
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
            parts.demand().buffered(-records);
            return;
        }
        parts.demand().buffered(-mine.add(polled.records()));
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
        held.values().forEach(this::doubtIfReplaced);
        for (Held mine : held.values()) {
            if (!mine.isTaken()) {
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

    /** The group may assign a topic that was made anew before the worker has seen its new id. */
    private void doubtIfReplaced(Held mine) {
        if (mine.isTaken()
                && parts.queues()
                        .view()
                        .find(mine.partition().queue())
                        .filter(queue -> !queue.topicId().equals(mine.topicId()))
                        .isPresent()) {
            parts.demand().buffered(-mine.clear());
            mine.doubt();
        }
    }

    private boolean taken(Held mine, TakeOver wish, TakeOver.Answer answer) {
        PartitionEpoch partition = mine.partition();
        switch (answer.verdict()) {
            case FENCED -> parts.watch().fenced();
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
                int dropped = mine.taken(queue.get().queue(), wish.topicId(), answer.nextOffset());
                parts.demand().buffered(-dropped);
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
        waiting = false;
        held.values().stream().filter(Held::isTaken).forEach(holdBack::update);
        List<Pick> picks = pick();
        if (!picks.isEmpty()) {
            claim(picks);
            intake.demand();
        }
        return waiting;
    }

    /** Puts refused claims on record, apart from the claim: the record must not change what the refusal did. */
    void storeRefusals() {
        if (!refusals.isEmpty()) {
            parts.store().rejectedClaim(List.copyOf(refusals));
            refusals.clear();
        }
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

    boolean hasClaimable() {
        return parts.slots().free() > 0 && held.values().stream().anyMatch(this::isClaimable);
    }

    boolean hasUntaken() {
        return held.values().stream().anyMatch(mine -> !mine.isTaken());
    }

    /** After an unanswered statement nobody knows where the positions are. */
    void doubt() {
        held.values().forEach(Held::doubt);
    }

    /** A record that is about to be claimed. */
    private record Pick(Held from, ConsumerRecord<byte[], byte[]> record, Claim.Entry entry) {}

    private List<Pick> pick() {
        List<Held> ready = held.values().stream().filter(this::isClaimable).toList();
        int buffered = ready.stream().mapToInt(Held::buffered).sum();
        int granted = parts.slots().take(Math.min(BATCH, buffered));
        List<Pick> picks = new ArrayList<>(granted);
        for (int i = 0; i < ready.size() && picks.size() < granted; i++) {
            Held from = ready.get((turn + i) % ready.size()); // another one first each time, so that none starves
            for (ConsumerRecord<byte[], byte[]> record : from.head(granted - picks.size())) {
                picks.add(new Pick(from, record, parts.reader().read(0, record, from.queue(), from.topicId())));
            }
        }
        turn++;
        return picks;
    }

    private boolean isClaimable(Held mine) {
        return mine.isTaken()
                && mine.buffered() > 0
                && parts.queues().view().asOf() - mine.assignedAt() >= 0
                && !holdBack.isBlocked(mine);
    }

    /** Claims records whose slots are taken. A batch that Postgres refuses is halved until the bad record stands alone. */
    private void claim(List<Pick> picks) {
        try {
            claimAtOnce(picks);
        } catch (StoreException e) {
            if (e.code() != StoreException.Code.BAD_DATA) {
                parts.slots().release(picks.size());
                throw e;
            }
            if (picks.size() > 1) {
                claimHalves(picks);
            } else {
                Pick bad = picks.getFirst();
                String why = e.getMessage() == null ? "" : e.getMessage();
                LOG.atWarn()
                        .addKeyValue("partition", name(bad.from().partition()))
                        .addKeyValue("offset", bad.record().offset())
                        .log("Postgres refuses this record; it becomes a dead job: {}", why);
                claimAtOnce(List.of(new Pick(bad.from(), bad.record(), SubmissionReader.refused(bad.entry(), why))));
            }
        }
    }

    private void claimHalves(List<Pick> picks) {
        int middle = picks.size() / 2;
        try {
            claim(picks.subList(0, middle));
        } catch (StoreException e) {
            parts.slots().release(picks.size() - middle);
            throw e;
        }
        // A partition that turned out not to be ours has nothing more to claim.
        List<Pick> rest = picks.subList(middle, picks.size()).stream()
                .filter(pick -> pick.from().isTaken())
                .toList();
        parts.slots().release(picks.size() - middle - rest.size());
        if (!rest.isEmpty()) {
            claim(rest);
        }
    }

    private void claimAtOnce(List<Pick> picks) {
        Map<Held, Integer> spanOf = new LinkedHashMap<>();
        Map<Held, Long> end = new HashMap<>();
        List<Claim.Entry> entries = new ArrayList<>(picks.size());
        for (Pick pick : picks) {
            int span = spanOf.computeIfAbsent(pick.from(), h -> spanOf.size());
            end.put(pick.from(), pick.record().offset() + 1);
            entries.add(pick.entry().inSpan(span));
        }
        List<Claim.Span> spans = spanOf.keySet().stream()
                .map(h -> new Claim.Span(h.partition(), h.position(), end.getOrDefault(h, h.position())))
                .toList();
        parts.faults().reached(FaultPoint.BEFORE_CLAIM);
        long started = parts.ticker().nanos();
        List<Claim.Verdict> verdicts = parts.store().claim(new Claim(spans, entries));
        parts.meters().database("claim", started);
        parts.faults().reached(FaultPoint.AFTER_CLAIM);
        written(picks, entries, verdicts, spans, spanOf.keySet());
    }

    private void written(
            List<Pick> picks,
            List<Claim.Entry> entries,
            List<Claim.Verdict> verdicts,
            List<Claim.Span> spans,
            Collection<Held> partitions) {
        Map<Held, Integer> counts = new HashMap<>();
        List<PartitionEpoch> refused = new ArrayList<>();
        for (int i = 0; i < picks.size(); i++) {
            Held from = picks.get(i).from();
            Claim.Entry entry = entries.get(i);
            parts.meters().claimed(entry, verdicts.get(i));
            switch (verdicts.get(i)) {
                case STARTED -> start.accept(job(from, entry));
                case WAITING -> {
                    waiting = true;
                    parts.slots().release(1);
                }
                case DUPLICATE, DEAD, CANCELLED -> parts.slots().release(1);
                case NOT_OWNER -> {
                    parts.slots().release(1);
                    if (!refused.contains(from.partition())) {
                        refused.add(from.partition());
                    }
                    continue;
                }
            }
            counts.merge(from, 1, Integer::sum);
        }
        int i = 0;
        for (Held from : partitions) {
            Claim.Span span = spans.get(i++);
            if (refused.contains(from.partition())) {
                from.doubt();
                parts.meters().refusedClaim();
            } else {
                int count = counts.getOrDefault(from, 0);
                from.claimed(count, span.to());
                parts.demand().buffered(-count);
                intake.claimed(from.partition(), span.to());
            }
        }
        if (!refused.isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("partitions", refused)
                    .log("A claim was refused: these partitions have another owner");
            refusals.addAll(refused);
        }
    }

    private static RunningJob job(Held from, Claim.Entry entry) {
        PartitionEpoch p = from.partition();
        return new RunningJob(
                entry.id(),
                entry.type(),
                1,
                new RunningJob.Place(p.queue(), p.partition(), entry.offset()),
                entry.orderKey(),
                RunningJob.Budget.unspent(entry.terms().maxFailures()),
                new RunningJob.Times(entry.terms().submittedAt(), entry.terms().deadline()),
                entry.bytes());
    }

    private void released(PartitionEpoch partition, boolean anyEpoch) {
        Held mine = held.get(name(partition));
        if (mine != null && (anyEpoch || mine.partition().equals(partition))) {
            parts.demand().buffered(-mine.clear());
            held.remove(name(partition));
        }
    }

    private static String name(PartitionEpoch partition) {
        return partition.queue() + "/" + partition.partition();
    }
}
