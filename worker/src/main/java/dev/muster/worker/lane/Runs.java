package dev.muster.worker.lane;

import static java.util.Objects.requireNonNull;

import dev.muster.job.JobId;
import dev.muster.store.Groups;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Entered;
import dev.muster.store.OwnershipStore.Progress;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunKey;
import dev.muster.store.RunningJob;
import dev.muster.store.Settled;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.execution.EffectGuard;
import dev.muster.worker.execution.Run;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of a lane that run in this process, from the moment their row says so until their outcome is written: their
 * threads, their outcomes, their intents. Confined to the lane's thread.
 */
final class Runs {
    private static final Logger LOG = LoggerFactory.getLogger(Runs.class);
    private static final int BATCH = 1_000;

    private final LaneParts parts;
    private final EffectGuard.Intents intents;
    private final Group.News news;
    private final Paces paces;
    private final Map<JobId, Run> running = new HashMap<>();
    private final Map<Run, Group> groups = new HashMap<>();
    private final Map<JobId, Outcome> outcomes = new LinkedHashMap<>();
    private final IntentQueue intending;
    private final List<Entered> entered = new ArrayList<>();
    private final List<Run> undone = new ArrayList<>();
    private final Turns turns;
    /** True while rows of ours may have no thread, since there was no executor to start one. */
    private boolean unstarted;

    Runs(LaneParts parts, EffectGuard.Intents intents, Group.News news) {
        this.parts = parts;
        this.turns = new Turns(parts.quarantine());
        this.intents = intents;
        this.intending = new IntentQueue(parts);
        this.news = news;
        this.paces = new Paces(parts.quarantine() ? new LaneParts.Early(List.of(), Duration.ZERO) : parts.early());
    }

    boolean isEmpty() {
        return !isRunning() && !unstarted && undone.isEmpty();
    }

    boolean has(JobId id) {
        return running.containsKey(id);
    }

    boolean hasUnstarted() {
        return unstarted;
    }

    boolean isRunning() {
        return !running.isEmpty();
    }

    boolean hasWork() {
        return !outcomes.isEmpty() || !intending.isEmpty() || !entered.isEmpty() || !undone.isEmpty();
    }

    /** Starts the thread of a row that has just become ours; its slot is taken already. */
    void start(RunningJob job) {
        start(List.of(job));
    }

    /** The same of several of one key, in their order, for which there is one slot: they run one after the other. */
    void start(List<RunningJob> jobs) {
        Group group =
                new Group(jobs, parts.runner(), parts.ticker(), parts.early().within(), intents, news);
        if (group.begin()) {
            group.members().forEach(run -> add(run, group));
        } else {
            unstarted = true; // their rows are ours: the census starts them when there is an executor again
            parts.shares().release(jobs.getFirst().place().queue(), 1);
        }
    }

    /**
     * Rows of one key that have just become ours. They run behind the one that is before them in Postgres, if that goes well here;
     * if not, or if it has no thread, they wait again.
     */
    void join(JobId behind, List<RunningJob> jobs) {
        List<Run> joining = jobs.stream().map(Run::new).toList();
        Run before = running.get(behind);
        if (before != null) {
            Group group = requireNonNull(groups.get(before));
            if (group.join(before, joining)) {
                joining.forEach(run -> add(run, group));
                return;
            }
        }
        undone.addAll(joining);
    }

    private void add(Run run, Group group) {
        running.put(run.id(), run);
        groups.put(run, group);
    }

    static String key(RunningJob job) {
        return job.place().queue() + "/" + job.key().orElse("");
    }

    /** Of which types more than one job of a key may start at once, and how many of each. */
    Map<String, Integer> groups() {
        return paces.groups();
    }

    /** Until it is known better again. */
    void startOneByOne() {
        paces.reset();
    }

    void ended(LaneEvent.Ended ended) {
        Run run = ended.run();
        paces.ran(run.job().type(), ended.took(), ended.outcome().verdict());
        ended.back().forEach(this::putBack);
        if (isHere(run)) {
            outcomes.put(run.id(), ended.outcome());
        }
    }

    private boolean isHere(Run run) {
        return running.get(run.id()) == run;
    }

    /** A run without an outcome: if its row is ours after all, the census starts it again. */
    void dropped(Run run, List<Run> back) {
        back.forEach(this::putBack);
        if (isHere(run)) {
            forget(run.id());
        }
    }

    /** It has not begun, and will not. */
    private void putBack(Run run) {
        if (isHere(run)) {
            undone.add(run);
        }
    }

    void intending(LaneEvent.Intending request) {
        intending.add(request);
    }

    /** An adopted job's handler was entered; for others the row says nothing of it. */
    void entered(Entered entry) {
        entered.add(entry);
    }

    /** Stores what steps intend, before their calls, and after the outcomes of those before them in a group. */
    void storeIntents() {
        intending.store(request -> isFirst(request.id(), request.attempt()));
    }

    /** False while a run before it in its group is not written down. */
    private boolean isFirst(JobId id, int attempt) {
        Run run = running.get(id);
        return run == null
                || run.attempt() != attempt
                || requireNonNull(groups.get(run)).isFirst(run);
    }

    /** Has those wait again that have not begun and will not. */
    void storePutBack() {
        while (!undone.isEmpty()) {
            List<Run> some = List.copyOf(undone.subList(0, Math.min(BATCH, undone.size())));
            parts.store().putBack(some.stream().map(run -> RunKey.of(run.job())).toList());
            some.stream().filter(this::isHere).forEach(run -> forget(run.id()));
            undone.subList(0, some.size()).clear();
        }
    }

    void storeEntries() {
        if (!entered.isEmpty()) {
            List<Entered> batch = List.copyOf(entered);
            parts.store().entered(batch);
            entered.clear();
        }
    }

    /**
     * Writes outcomes down and starts what follows in the keys that became free.
     *
     * @param keyedPartitions those of keyed queues that this lane owns
     * @return the shortest wait that was written down, in ms, 0 if somebody was woken; empty: none
     */
    Optional<Long> settle(Supplier<List<PartitionEpoch>> keyedPartitions) {
        if (outcomes.isEmpty()) {
            return Optional.empty();
        }
        List<Outcome> batch = outcomes.values().stream().limit(BATCH).toList();
        List<PartitionEpoch> keyed = keyedPartitions.get();
        List<PartitionEpoch> locks = keyed.isEmpty() ? keyed : touched(batch, keyed);
        parts.faults().reached(FaultPoint.BEFORE_SETTLE);
        long started = parts.ticker().nanos();
        List<Settled> answers = parts.store().settle(batch, locks, parts.holding(), groups(batch, locks));
        parts.meters().database("settle", started);
        parts.faults().reached(FaultPoint.AFTER_SETTLE);
        boolean woken = false;
        Map<String, List<RunningJob>> next = new LinkedHashMap<>();
        for (Settled answer : answers) {
            switch (answer) {
                case Settled.Done(JobId id) -> {
                    Outcome outcome = outcomes.get(id);
                    Run run = running.get(id);
                    if (outcome != null && run != null) {
                        parts.meters().settled(run.job(), outcome.verdict());
                    }
                    forget(id);
                }
                case Settled.Unsure(JobId id) -> {
                    LOG.atWarn()
                            .addKeyValue("job_id", id)
                            .log(
                                    "A call of this job was never answered; it stays unknown and the call is repeated under its key");
                    forget(id);
                }
                case Settled.Rejected(JobId id) -> {
                    LOG.atWarn()
                            .addKeyValue("job_id", id)
                            .log(
                                    "An outcome was refused: the job, or one before it in its key, is another worker's now");
                    parts.meters().rejectedSettle();
                    forget(id);
                }
                case Settled.Started(RunningJob job) -> {
                    next.computeIfAbsent(key(job), _ -> new ArrayList<>()).add(job);
                }
                case Settled.Woken() -> woken = true;
            }
        }
        next.values().forEach(group -> {
            parts.shares().takeAnyway(group.getFirst().place().queue(), 1);
            start(group);
        });
        return woken
                ? Optional.of(0L)
                : batch.stream()
                        .filter(o -> o.delay().isPositive())
                        .map(o -> o.delay().toMillis())
                        .min(Long::compare);
    }

    /**
     * Compares the running rows of this incarnation with the threads: a row without a thread is begun again, under a
     * new attempt, since an outcome of the run before may be on its way from a lane that has ended; a thread without a
     * row is interrupted and its outcome dropped. What an unanswered commit has left behind is found here.
     */
    void census(Predicate<RunKey> ofThisLane) {
        Map<JobId, RunKey> rows = new LinkedHashMap<>();
        for (RunKey row : parts.store().census()) {
            if (ofThisLane.test(row)) {
                rows.put(row.id(), row);
            }
        }
        for (Run run : List.copyOf(running.values())) {
            RunKey row = rows.get(run.id());
            if (row == null || row.attempt() != run.attempt()) {
                LOG.atWarn()
                        .addKeyValue("job_id", run.id())
                        .log("A job runs here whose row is not ours; it is interrupted, its outcome dropped");
                run.lose();
                forget(run.id());
            }
        }
        Set.copyOf(groups.values()).forEach(group -> undone.addAll(group.late()));
        rows.keySet().removeAll(running.keySet());
        int now = parts.runner().isReady()
                ? turns.next(rows.size(), running.size(), parts.ticker().nanos())
                : 0;
        unstarted = rows.size() > now;
        List<RunKey> due = rows.values().stream().limit(now).toList();
        if (parts.quarantine()) {
            due.forEach(this::startInTurn);
        } else {
            for (int from = 0; from < due.size(); from += BATCH) {
                parts.store()
                        .beginAgain(due.subList(from, Math.min(from + BATCH, due.size())))
                        .forEach(this::startLate);
            }
        }
    }

    /**
     * Its entry is written down before it can end the process: whoever is on record, and alone, has done it. One that is on
     * record already was begun by a lane that has ended.
     */
    private void startInTurn(RunKey row) {
        Optional<RunningJob> first = parts.store().enter(row);
        if (first.isPresent()) {
            startLate(first.get());
        } else {
            parts.store().beginAgain(List.of(row)).stream()
                    .flatMap(again -> parts.store().enter(RunKey.of(again)).stream())
                    .forEach(this::startLate);
        }
    }

    private void startLate(RunningJob row) {
        LOG.atInfo().addKeyValue("job_id", row.id()).log("A row of ours had no thread; it is begun again");
        parts.shares().takeAnyway(row.place().queue(), 1);
        start(row);
    }

    /** Tells the runs of jobs that are to be cancelled. The wish is read each time: it may have come in any moment. */
    void heedWishes() {
        long now = parts.ticker().nanos();
        for (Wish wish : parts.store().wishes()) {
            Run run = running.get(wish.id());
            if (run != null && run.heed(wish, now, parts.cancelGrace())) {
                LOG.atInfo()
                        .addKeyValue("job_id", wish.id())
                        .addKeyValue("by", wish.by())
                        .log("A running job is to be cancelled");
            }
        }
    }

    /** Stores what the runs have said of themselves since the last time. */
    void storeProgress() {
        List<Progress> news = running.values().stream()
                .flatMap(run -> run.takeProgress().stream())
                .toList();
        if (!news.isEmpty()) {
            parts.store().progress(news);
        }
    }

    /** The lane ends. */
    void abandon() {
        intending.abandon();
    }

    private void forget(JobId id) {
        outcomes.remove(id);
        Run run = running.remove(id);
        if (run == null) {
            return;
        }
        Group group = requireNonNull(groups.remove(run));
        if (group.leaves(run)) {
            parts.shares().release(run.job().place().queue(), 1);
        }
    }

    private List<PartitionEpoch> touched(List<Outcome> batch, List<PartitionEpoch> keyed) {
        Set<String> touched = new HashSet<>();
        batch.forEach(o -> touched.add(place(requireNonNull(running.get(o.id())))));
        return keyed.stream()
                .filter(p -> touched.contains(p.queue() + "/" + p.partition()))
                .toList();
    }

    private Groups groups(List<Outcome> batch, List<PartitionEpoch> keyed) {
        return new Groups(
                batch.stream().anyMatch(o -> !isFirst(o.id(), o.attempt())),
                keyed.isEmpty() ? Map.of() : paces.groups());
    }

    private static String place(Run run) {
        return run.job().place().queue() + "/" + run.job().place().partition();
    }
}
