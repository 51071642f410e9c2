package dev.muster.worker.lane;

import dev.muster.job.JobId;
import dev.muster.store.Claim;
import dev.muster.store.Groups;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Entered;
import dev.muster.store.OwnershipStore.Foreign;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunKey;
import dev.muster.store.RunningJob;
import dev.muster.store.StoreException;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.execution.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store thread: everything that the worker says to Postgres about a fixed subset of its partitions and their jobs is
 * said here, one statement after the other. So claims of a partition are in order, and a key's end and its next start
 * can't miss each other. {@link #tell} and the listener are thread-safe; all else is confined to the lane's thread.
 */
public final class Lane implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
    private static final Duration IDLE_SCAN = Duration.ofSeconds(1);
    private static final Duration BUSY_SCAN = Duration.ofMillis(250);
    private static final Duration CENSUS = Duration.ofSeconds(1);
    /** In quarantine everything begins with it. */
    private static final Duration QUARANTINE_CENSUS = Duration.ofMillis(100);

    private static final Duration LONGEST_REST = Duration.ofSeconds(1);
    private static final Duration DENIED_REST = Duration.ofMillis(20);

    private final int index;
    private final int lanes;
    private final LaneParts parts;
    private final LinkedBlockingQueue<LaneEvent> inbox = new LinkedBlockingQueue<>();
    private final Runs runs;
    private final Partitions partitions;
    private final DueStarts due;
    private volatile boolean draining;
    private volatile boolean closed;
    private volatile boolean drained;

    // When each of these is to be done next, by the ticker.
    private long scanAt;
    private long censusAt;
    private int troubles;

    /**
     * A lane; {@link #run} is its thread.
     *
     * @param index which of {@code lanes} it is, from 0
     */
    public Lane(int index, int lanes, LaneParts parts, IntakePort intake) {
        this.index = index;
        this.lanes = lanes;
        this.parts = parts;
        this.runs = new Runs(
                parts,
                request -> {
                    CompletableFuture<Optional<dev.muster.store.OwnershipStore.Intent>> answer =
                            new CompletableFuture<>();
                    tell(new LaneEvent.Intending(request, answer));
                    return answer;
                },
                new ToInbox());
        this.partitions = new Partitions(parts, intake, runs, () -> tell(new LaneEvent.SlotsLeft()));
        long now = parts.ticker().nanos();
        this.scanAt = now;
        this.censusAt = now;
        this.due = new DueStarts(parts, runs::start);
    }

    /** Which lane a partition belongs to; the same for every worker life with that many lanes. */
    public static int indexOf(String queue, int partition, int lanes) {
        return Math.floorMod(Objects.hash(queue, partition), lanes);
    }

    /** Passes an event on. Never waits; thread-safe. */
    public void tell(LaneEvent event) {
        inbox.add(event);
    }

    /** Nothing new is claimed or started; what runs is run to its end. */
    public void drain() {
        draining = true;
        tell(new LaneEvent.ScanNow());
    }

    /** True once a draining lane has written its last outcome. */
    public boolean isDrained() {
        return drained;
    }

    /** Ends the thread after the step that it is in. */
    public void close() {
        closed = true;
        tell(new LaneEvent.ScanNow());
    }

    @Override
    public void run() {
        try {
            rehearse();
            while (!closed) {
                listen();
                turn();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            abandon(); // also when it breaks down: jobs wait for it
        }
    }

    /** Who waits for it waits no longer. */
    void abandon() {
        runs.abandon();
    }

    /** Waits until there is something to do. */
    private void listen() throws InterruptedException {
        LaneEvent first = inbox.poll(rest(), TimeUnit.NANOSECONDS);
        if (first != null) {
            hear(first);
        }
    }

    /** True if it was told something that it has not heard yet. */
    boolean isTold() {
        return !inbox.isEmpty();
    }

    /** Hears what it was told, and does what is due. Waits for nothing but the store. */
    void turn() {
        try {
            runOnce();
            recovered();
        } catch (StoreException e) {
            troubled(e);
        }
    }

    /**
     * Says of nothing what is said in a recovery and of the first records: the first time statements are planned and
     * classes are loaded, which must not be when jobs wait.
     */
    private void rehearse() {
        try {
            var _ = parts.store().takeOver(List.of());
            var _ = parts.store().foreign(List.of());
            var _ = parts.store().adopt(List.of(), parts.holding());
            var _ = parts.store().claim(new Claim(List.of(), List.of()), List.of(), Map.of());
            var _ = parts.store().settle(List.of(), List.of(), parts.holding(), Groups.NONE);
        } catch (StoreException e) {
            LOG.atDebug().log("The rehearsal failed: {}", e.getMessage());
        }
    }

    private void runOnce() {
        hear();
        census(); // first: after trouble it tells which outcomes are written already
        partitions.resetPositions();
        boolean taken = partitions.takeOver();
        runs.storeIntents();
        runs.storePutBack(); // before the outcome that they are put back for: nothing behind it runs when it waits
        // again
        settle();
        rescue(taken);
        startDue(taken);
        if (mayStart() && partitions.claim()) {
            due.soon(); // one of them may be due before the next look
        }
        runs.storeEntries();
        partitions.storeRefusals();
        drained = draining && runs.isEmpty() && inbox.isEmpty();
    }

    private void hear() {
        List<LaneEvent> events = new ArrayList<>();
        inbox.drainTo(events);
        events.forEach(this::hear);
    }

    private void hear(LaneEvent event) {
        switch (event) {
            case LaneEvent.Assigned(List<PartitionEpoch> all) -> all.forEach(partitions::assigned);
            case LaneEvent.Released(List<PartitionEpoch> all) -> all.forEach(partitions::released);
            case LaneEvent.Polled polled -> partitions.polled(polled);
            case LaneEvent.LogReset reset -> partitions.logReset(reset);
            case LaneEvent.Ended ended -> runs.ended(ended);
            case LaneEvent.Dropped(Run run, List<Run> back) -> {
                runs.dropped(run, back);
                censusAt = parts.ticker().nanos();
            }
            case LaneEvent.HandlerEntered(Entered entered) -> runs.entered(entered);
            case LaneEvent.Intending request -> runs.intending(request);
            case LaneEvent.RunnerReady() -> {
                if (runs.hasUnstarted()) {
                    censusAt = parts.ticker().nanos();
                }
                scanAt = parts.ticker().nanos(); // what came while there was no executor waits since then
                due.within(Duration.ZERO);
            }
            case LaneEvent.CancelWished(JobId job) -> {
                if (runs.has(job)) {
                    censusAt = parts.ticker().nanos();
                }
            }
            case LaneEvent.ScanNow() -> scanAt = parts.ticker().nanos();
            case LaneEvent.QueuesSeen(), LaneEvent.SlotsLeft() -> {} // what it may do now, it finds out by itself
        }
    }

    /** How long there is nothing to do but to listen, in ns. */
    long rest() {
        if (troubles > 0) {
            return TimeUnit.MILLISECONDS.toNanos(Math.min(500, 25L << Math.min(troubles, 5)));
        }
        if (runs.hasWork() || partitions.hasUntaken() || (mayStart() && partitions.hasClaimable())) {
            return partitions.hasUntaken() && !runs.hasWork() ? TimeUnit.MILLISECONDS.toNanos(20) : 0;
        }
        long now = parts.ticker().nanos();
        long next = Math.min(scanAt - now, Math.min(censusAt - now, due.at() - now));
        return Math.clamp(next, 0, (partitions.isDenied() ? DENIED_REST : LONGEST_REST).toNanos());
    }

    private void census() {
        if (isTime(censusAt)) {
            runs.census(this::isOurs);
            runs.heedWishes();
            runs.storeProgress();
            censusAt = in(parts.quarantine() ? QUARANTINE_CENSUS : CENSUS);
        }
    }

    private void settle() {
        boolean ran = runs.isRunning();
        runs.settle(partitions::ownedKeyed).ifPresent(wait -> due.within(Duration.ofMillis(wait)));
        if (parts.quarantine() && ran && !runs.isRunning() && runs.hasUnstarted()) {
            censusAt = parts.ticker().nanos(); // the next one's turn: dozens may wait for theirs
        }
    }

    /** Looks for running rows of others in our partitions, and adopts those of the fenced. */
    private void rescue(boolean taken) {
        if (!taken && !isTime(scanAt)) {
            return;
        }
        List<PartitionEpoch> owned = startable();
        if (owned.isEmpty()) {
            scanAt = in(IDLE_SCAN);
            return;
        }
        List<Foreign> foreign = parts.store().foreign(owned);
        scanAt = in(foreign.isEmpty() ? IDLE_SCAN : BUSY_SCAN);
        foreign.stream().filter(f -> !f.fenced()).forEach(parts.watch()::suspicious);
        if (foreign.stream().anyMatch(Foreign::fenced)) {
            adopt(owned);
        }
    }

    private void adopt(List<PartitionEpoch> owned) {
        parts.faults().reached(FaultPoint.BEFORE_ADOPT);
        long started = parts.ticker().nanos();
        List<RunningJob> adopted = parts.store().adopt(owned, parts.holding());
        parts.meters().database("adopt", started);
        // Above the limit if need be: they were running, and whoever waits for them has waited enough.
        adopted.forEach(job -> parts.shares().takeAnyway(job.place().queue(), 1));
        adopted.forEach(runs::start);
        due.soon(); // suspects among them wait now, to be lent
        parts.meters().adopted(adopted.size());
        if (!adopted.isEmpty()) {
            LOG.atInfo().addKeyValue("jobs", adopted.size()).log("Jobs of fenced incarnations were adopted");
        }
    }

    private void startDue(boolean taken) {
        if (!taken && !due.isTime()) {
            return;
        }
        List<PartitionEpoch> owned = startable();
        if (owned.isEmpty()) {
            due.none();
        } else {
            due.start(owned);
        }
    }

    /** The partitions whose jobs may become running. */
    private List<PartitionEpoch> startable() {
        return mayStart() ? partitions.owned() : List.of();
    }

    /** Without an executor nothing should become running: it would have no thread. */
    private boolean mayStart() {
        return !draining && parts.runner().isReady();
    }

    private boolean isOurs(RunKey run) {
        return indexOf(run.queue(), run.partition(), lanes) == index;
    }

    /** Postgres does not answer, or not well: nothing is lost, everything that was pending is said again. */
    private void troubled(StoreException e) {
        switch (e.code()) {
            case CONTENDED -> LOG.atDebug().log("Contention in Postgres; again: {}", e.getMessage());
            case UNREACHABLE -> {
                runs.startOneByOne();
                if (troubles == 0) {
                    LOG.atWarn()
                            .log(
                                    "Postgres does not answer; running jobs go on, nothing new starts, trying again: {}",
                                    e.getMessage());
                }
                troubles++;
            }
            case BAD_DATA, BROKEN -> throw e; // a bug: let it crash, the supervisor decides
        }
        partitions.doubt();
        censusAt = parts.ticker().nanos();
    }

    private void recovered() {
        if (troubles > 0) {
            LOG.atInfo().log("Postgres answers again");
            troubles = 0;
        }
    }

    private boolean isTime(long at) {
        return parts.ticker().nanos() - at >= 0;
    }

    private long in(Duration wait) {
        return parts.ticker().nanos() + wait.toNanos();
    }

    @Override
    public String toString() {
        return "lane-" + index;
    }

    /** The runs' threads, speaking to the lane. */
    private final class ToInbox implements Group.News {
        @Override
        public void entered(Run run, Instant at) {
            if (run.job().budget().recoveries() > 0) {
                JobId id = run.id();
                tell(new LaneEvent.HandlerEntered(new Entered(id, run.attempt(), at)));
            }
        }

        @Override
        public void ended(Run run, Outcome outcome, long took, List<Run> back) {
            tell(new LaneEvent.Ended(run, outcome, took, back));
        }

        @Override
        public void dropped(Run run, List<Run> back) {
            tell(new LaneEvent.Dropped(run, back));
        }
    }
}
