package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.store.Claim;
import dev.muster.store.Groups;
import dev.muster.store.Outcome;
import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore.Entered;
import dev.muster.store.OwnershipStore.Foreign;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.store.OwnershipStore.Progress;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunKey;
import dev.muster.store.RunningJob;
import dev.muster.store.Settled;
import dev.muster.store.TakeOver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What one incarnation says about partitions and jobs, in the model of Postgres: V002__create_ownership_functions.sql. */
final class ModelOwnership implements Ownership {
    private static final long UNSURE_WAIT = World.millis(1_000);

    private final ModelPostgres db;
    private final Incarnation me;
    private final ModelKeys keys;
    private final ModelPartitions partitions;
    private final ModelGroups group;

    ModelOwnership(ModelPostgres db, Incarnation me) {
        this.db = db;
        this.me = me;
        this.keys = new ModelKeys(db, me);
        this.group = new ModelGroups(db, keys);
        this.partitions = new ModelPartitions(db, me, keys);
    }

    // ---- partitions ----

    @Override
    public List<TakeOver.Answer> takeOver(List<TakeOver> wishes) {
        return partitions.takeOver(wishes);
    }

    @Override
    public boolean resetEpoch(PartitionEpoch mine, int stored) {
        return partitions.resetEpoch(mine, stored);
    }

    @Override
    public boolean resetPosition(PartitionEpoch mine, long offset) {
        return partitions.resetPosition(mine, offset);
    }

    // ---- claim ----

    @Override
    public List<Claim.Answer> claim(Claim claim, List<String> shut, Map<String, Integer> most) {
        ModelGroups.Starting starting = new ModelGroups.Starting(most);
        Set<Integer> won = new HashSet<>();
        for (int i = 0; i < claim.spans().size(); i++) {
            Claim.Span span = claim.spans().get(i);
            PartitionEpoch p = span.partition();
            ModelPostgres.Owner owner = db.owners.get(ModelPostgres.place(p.queue(), p.partition()));
            if (owner != null
                    && (!db.isOn(Guard.CLAIM_EPOCH) || db.owns(me, p))
                    && (!db.isOn(Guard.CLAIM_POSITION) || owner.nextOffset == span.from())) {
                owner.nextOffset = span.to();
                won.add(i);
            }
        }
        return claim.entries().stream()
                .map(entry -> won.contains(entry.span())
                        ? claim(entry, claim.spans().get(entry.span()).partition(), starting)
                        : new Claim.Answer(Claim.Verdict.NOT_OWNER))
                .toList();
    }

    private Claim.Answer claim(Claim.Entry entry, PartitionEpoch partition, ModelGroups.Starting starting) {
        Queue queue = db.queue(partition.queue());
        if (entry.dead().isPresent()) {
            db.end(entry.positionId(), "dead", me, 0);
            return new Claim.Answer(Claim.Verdict.DEAD);
        }
        if (queue.duplicateWindow().isPresent() && db.isOn(Guard.IDENTITY)) {
            byte[] known = db.identities.putIfAbsent(entry.id(), entry.payloadHash());
            if (known != null && !Arrays.equals(known, entry.payloadHash())) {
                db.end(entry.positionId(), "dead", me, 0);
                return new Claim.Answer(Claim.Verdict.DEAD);
            }
            if (known != null) {
                return new Claim.Answer(Claim.Verdict.DUPLICATE);
            }
        }
        if (db.running.containsKey(entry.id()) || db.waiting.containsKey(entry.id())) {
            return new Claim.Answer(Claim.Verdict.DUPLICATE);
        }
        return insert(new JobRow(entry, partition, queue.isKeyed()), entry, starting);
    }

    private Claim.Answer insert(JobRow row, Claim.Entry entry, ModelGroups.Starting starting) {
        long runAt = entry.terms().runAt().map(World::nanos).orElse(0L);
        if (runAt > db.world.now()) {
            row.state = JobRow.State.SCHEDULED;
            row.dueAt = runAt;
            db.waiting.put(row.id, row);
            return new Claim.Answer(Claim.Verdict.WAITING);
        }
        if (row.key.isPresent()) {
            row.keyPosition = db.nextKeyPosition();
            Optional<JobRow> head = keys.headOf(row);
            boolean queued = keys.firstWaiting(row).isPresent();
            boolean joins = !queued && starting.joins(row, keys.runningOf(row), me);
            if (queued || !(joins || starting.takes(row, head.isEmpty()))) {
                row.state = JobRow.State.PARKED;
                row.dueAt =
                        queued ? JobRow.NEVER : keys.recheck(!head.orElseThrow().isOf(me));
                db.waiting.put(row.id, row);
                return new Claim.Answer(Claim.Verdict.WAITING);
            }
            Optional<JobId> behind = joins ? keys.lastRunning(row).map(last -> last.id) : Optional.empty();
            begin(row, 1);
            return new Claim.Answer(joins ? Claim.Verdict.JOINED : Claim.Verdict.STARTED, behind);
        }
        begin(row, 1);
        return new Claim.Answer(Claim.Verdict.STARTED);
    }

    private void begin(JobRow row, int attempt) {
        row.attempt = attempt;
        row.incarnation = me;
        db.waiting.remove(row.id);
        db.running.put(row.id, row);
        db.rules.becameRunning(row);
    }

    // ---- start ----

    @Override
    public List<RunningJob> startDue(List<PartitionEpoch> partitions, int limit) {
        List<PartitionEpoch> owned = this.partitions.owned(partitions);
        List<JobRow> due = db.waiting.values().stream()
                .filter(row -> owned.stream().anyMatch(row::isIn)
                        && !db.queue(row.place.queue()).paused())
                .filter(row -> row.dueAt <= db.world.now())
                .sorted(Comparator.<JobRow>comparingLong(row -> row.dueAt).thenComparing(row -> row.id))
                .limit(limit)
                .toList();
        due.stream()
                .filter(row -> row.key.isPresent() && row.keyPosition == null)
                .forEach(row -> {
                    row.keyPosition = db.nextKeyPosition();
                    row.state = JobRow.State.READY;
                });
        List<JobRow> free = due.stream()
                .filter(row -> row.key.isEmpty() || (keys.headOf(row).isEmpty() && !keys.isBehind(row)))
                .toList();
        for (JobRow row : due) {
            if (!free.contains(row)) {
                row.state = JobRow.State.PARKED;
                row.dueAt = keys.isBehind(row) ? JobRow.NEVER : keys.recheck(keys.isHeadForeign(row));
            }
        }
        return startWaiting(free);
    }

    private List<RunningJob> startWaiting(List<JobRow> rows) {
        List<RunningJob> started = new ArrayList<>();
        for (JobRow row : rows) {
            begin(row, row.attempt + 1);
            started.add(row.job());
        }
        for (JobRow row : rows) {
            if (row.key.isPresent()) {
                keys.wakeNext(row);
            }
        }
        return started;
    }

    @Override
    public Map<String, Duration> nextDue(List<PartitionEpoch> partitions) {
        Map<String, Duration> due = new HashMap<>();
        db.waiting.values().stream()
                .filter(row -> partitions.stream().anyMatch(row::isIn) && row.dueAt < JobRow.NEVER)
                .forEach(row -> due.merge(
                        row.place.queue(),
                        Duration.ofMillis(Math.max(0, (row.dueAt - db.world.now()) / 1_000_000)),
                        (one, other) -> one.compareTo(other) < 0 ? one : other));
        return due;
    }

    // ---- settle ----

    @Override
    public List<Settled> settle(
            List<Outcome> outcomes, List<PartitionEpoch> keyed, List<String> holding, Groups groups) {
        List<PartitionEpoch> held = partitions.owned(keyed);
        Set<JobId> early = groups.any() && db.isOn(Guard.GROUP_CLOSED)
                ? group.early(outcomes, o -> mine(o.id(), o.attempt()))
                : Set.of();
        outcomes.stream()
                .filter(o -> mine(o.id(), o.attempt()).isPresent() && !early.contains(o.id()))
                .forEach(o -> o.closedSteps().forEach(step -> db.close(o.id(), step)));
        List<Settled> answers = new ArrayList<>();
        List<JobRow> finished = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            answers.add(mine(outcome.id(), outcome.attempt())
                    .filter(row -> !early.contains(row.id))
                    .map(row -> settle(row, outcome, finished))
                    .orElseGet(() -> new Settled.Rejected(outcome.id())));
        }
        for (JobRow row : finished) {
            startNextOf(row, held, groups).forEach(next -> answers.add(new Settled.Started(next)));
        }
        return answers;
    }

    /** Guard (b). */
    private Optional<JobRow> mine(JobId id, int attempt) {
        return Optional.ofNullable(db.running.get(id))
                .filter(row -> row.isOf(me) || !db.isOn(Guard.SETTLE_INCARNATION))
                .filter(row -> row.attempt == attempt || !db.isOn(Guard.SETTLE_ATTEMPT));
    }

    private Settled settle(JobRow row, Outcome outcome, List<JobRow> finished) {
        Outcome.Verdict verdict = outcome.verdict();
        boolean isFinal = switch (verdict) {
            case SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED -> true;
            case RETRIED, SNOOZED, PARKED, UNKNOWN -> false;
        };
        boolean unsure =
                isFinal && verdict != Outcome.Verdict.SUCCEEDED && db.isOn(Guard.OPEN_CALL) && db.hasOpenCall(row.id);
        db.rules.settles(row, me, outcome);
        db.running.remove(row.id);
        row.incarnation = null;
        if (isFinal && !unsure) {
            finished.add(row);
            db.end(row.id, verdict.wireName(), me, outcome.attempt());
            return new Settled.Done(row.id);
        }
        row.state = unsure || verdict == Outcome.Verdict.UNKNOWN
                ? JobRow.State.UNKNOWN
                : verdict == Outcome.Verdict.RETRIED
                        ? JobRow.State.RETRYING
                        : verdict == Outcome.Verdict.SNOOZED ? JobRow.State.SCHEDULED : JobRow.State.PARKED;
        row.failures += verdict == Outcome.Verdict.RETRIED ? 1 : 0;
        row.dueAt = db.world.now() + Math.max(outcome.delay().toNanos(), unsure ? UNSURE_WAIT : 0);
        db.waiting.put(row.id, row);
        return unsure ? new Settled.Unsure(row.id) : new Settled.Done(row.id);
    }

    private List<RunningJob> startNextOf(JobRow ended, List<PartitionEpoch> held, Groups groups) {
        if (ended.key.isEmpty() || keys.headOf(ended).isPresent()) {
            return List.of();
        }
        List<JobRow> next = keys.next(ended, groups);
        boolean mine = !next.isEmpty()
                && held.stream().anyMatch(next.getFirst()::isIn)
                && !db.queue(ended.place.queue()).paused();
        if (mine) {
            return startWaiting(next.stream()
                    .takeWhile(row -> row.state == JobRow.State.PARKED || row.state == JobRow.State.READY)
                    .toList());
        }
        next.stream().limit(1).filter(row -> row.state == JobRow.State.PARKED).forEach(keys::lookNow);
        return List.of();
    }

    @Override
    public void putBack(List<RunKey> runs) {
        runs.forEach(run -> mine(run.id(), run.attempt()).ifPresent(group::waitAgain));
    }

    // ---- adoption, census ----

    @Override
    public List<RunningJob> adopt(List<PartitionEpoch> partitions, List<String> holding) {
        List<RunningJob> adopted = new ArrayList<>();
        List<PartitionEpoch> owned = this.partitions.owned(partitions);
        for (JobRow row : List.copyOf(db.running.values())) {
            boolean locked = !db.world.isCalm() && db.world.chance(0.05); // SKIP LOCKED: the next scan finds it
            if (!row.isOf(me)
                    && !locked
                    && owned.stream().anyMatch(row::isIn)
                    && (!db.isOn(Guard.ADOPT_FENCED) || db.isFenced(row.incarnation))) {
                if (group.isFollower(row)) {
                    group.waitAgain(row);
                    continue;
                }
                row.recoveries++;
                begin(row, row.attempt + 1);
                adopted.add(row.job());
            }
        }
        return adopted;
    }

    @Override
    public List<Foreign> foreign(List<PartitionEpoch> partitions) {
        return db.running.values().stream()
                .filter(row -> !row.isOf(me) && partitions.stream().anyMatch(row::isIn))
                .map(row -> new Foreign(row.id, row.incarnation, db.isFenced(row.incarnation)))
                .toList();
    }

    @Override
    public List<RunKey> census() {
        return db.running.values().stream()
                .filter(row -> row.isOf(me))
                .map(row -> RunKey.of(row.job()))
                .toList();
    }

    @Override
    public List<RunningJob> beginAgain(List<RunKey> runs) {
        if (!db.isOn(Guard.CENSUS)) {
            return List.of();
        }
        List<RunningJob> again = new ArrayList<>();
        for (RunKey run : runs) {
            Optional.ofNullable(db.running.get(run.id()))
                    .filter(row -> row.isOf(me) && row.attempt == run.attempt())
                    .ifPresent(row -> {
                        if (group.isFollower(row)) {
                            group.waitAgain(row);
                            return;
                        }
                        begin(row, row.attempt + (db.isOn(Guard.BEGIN_AGAIN_ATTEMPT) ? 1 : 0));
                        again.add(row.job());
                    });
        }
        return again;
    }

    // ---- effects ----

    @Override
    public List<Intent> intend(List<IntentRequest> requests) {
        List<Intent> stored = new ArrayList<>();
        for (IntentRequest request : requests) {
            mine(request.id(), request.attempt())
                    .filter(row -> !db.isOn(Guard.GROUP_INTENT) || !group.isBehind(row))
                    .ifPresent(row -> stored.add(db.open(row.id, request.step())));
        }
        return stored;
    }

    // ---- what only looks, or is only kept ----

    @Override
    public List<Wish> wishes() {
        return List.of();
    }

    @Override
    public void progress(List<Progress> news) {}

    @Override
    public void entered(List<Entered> entries) {}

    /** Nothing is lent here: suspects and quarantine have no part in this model. */
    @Override
    public Optional<RunningJob> enter(RunKey run) {
        throw new IllegalStateException("lent in a world that has no quarantine: " + run.id());
    }

    @Override
    public boolean leaderIsFresh() {
        return db.leaderIsFresh();
    }

    @Override
    public void rejectedClaim(List<PartitionEpoch> partitions) {}
}
