package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.TakeOver;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Whose a partition is and where claiming goes on in it, in the model of Postgres. */
final class ModelPartitions {
    private final ModelPostgres db;
    private final Incarnation me;
    private final ModelKeys keys;

    ModelPartitions(ModelPostgres db, Incarnation me, ModelKeys keys) {
        this.db = db;
        this.me = me;
        this.keys = keys;
    }

    List<TakeOver.Answer> takeOver(List<TakeOver> wishes) {
        List<TakeOver.Answer> answers = new ArrayList<>();
        for (TakeOver wish : wishes) {
            PartitionEpoch p = wish.partition();
            answers.add(
                    db.isFenced(me)
                            ? new TakeOver.Answer(
                                    p.queue(), p.partition(), TakeOver.Verdict.FENCED, 0, 0, false, layout(p.queue()))
                            : take(p, wish));
        }
        return answers;
    }

    /** No queue of the simulation grows. */
    private static TakeOver.Layout layout(String queue) {
        int partitions = (queue.equals(Jobs.MAIL.name()) ? Jobs.MAIL : Jobs.PAY).partitions();
        return new TakeOver.Layout(partitions, OptionalInt.empty(), 0, OptionalLong.empty());
    }

    private TakeOver.Answer take(PartitionEpoch p, TakeOver wish) {
        ModelPostgres.Owner owner = db.owners.computeIfAbsent(
                ModelPostgres.place(p.queue(), p.partition()),
                _ -> new ModelPostgres.Owner(me, p.epoch(), wish.topicId()));
        boolean replaced = !owner.topicId.equals(wish.topicId());
        if (owner.epoch <= p.epoch() || !db.isOn(Guard.TAKE_OVER_EPOCH)) {
            db.world.note(() -> me + " takes " + p + " over");
            owner.incarnation = me;
            owner.epoch = p.epoch();
            owner.nextOffset = replaced ? 0 : owner.nextOffset;
            owner.topicId = wish.topicId();
            db.waiting.values().stream()
                    .filter(row -> row.isIn(p) && row.keyPosition != null && row.state == JobRow.State.PARKED)
                    .filter(row -> row.dueAt > db.world.now() && row.dueAt < JobRow.NEVER)
                    .forEach(keys::lookNow);
        }
        boolean mine = db.owns(me, p);
        return new TakeOver.Answer(
                p.queue(),
                p.partition(),
                mine ? TakeOver.Verdict.TAKEN : TakeOver.Verdict.OVERTAKEN,
                owner.nextOffset,
                owner.epoch,
                replaced,
                layout(p.queue()));
    }

    boolean resetEpoch(PartitionEpoch mine, int stored) {
        ModelPostgres.Owner owner = db.owners.get(ModelPostgres.place(mine.queue(), mine.partition()));
        if (owner == null || owner.epoch != stored) {
            return false;
        }
        owner.epoch = mine.epoch();
        return true;
    }

    boolean resetPosition(PartitionEpoch mine, long offset) {
        ModelPostgres.Owner owner = db.owners.get(ModelPostgres.place(mine.queue(), mine.partition()));
        if (owner == null || !db.owns(me, mine)) {
            return false;
        }
        owner.nextOffset = offset;
        return true;
    }

    /** Those of them that are this incarnation's. */
    List<PartitionEpoch> owned(List<PartitionEpoch> partitions) {
        return partitions.stream()
                .filter(p -> !db.isOn(Guard.START_EPOCH) || db.owns(me, p))
                .toList();
    }
}
