package dev.muster.worker.execution;

import dev.muster.execution.FollowUps;
import dev.muster.job.JobId;
import dev.muster.store.OwnershipStore.Progress;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.RunningJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One run of a job in this process: its thread, and what is known of it so far. It ends once. Thread-safe. */
public final class Run {
    private final RunningJob job;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.RUNNING);
    private final FollowUps followUps;
    private final List<String> closedSteps = new CopyOnWriteArrayList<>();
    private final Set<String> unmadeSteps = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Thread thread;
    private volatile @Nullable Instant enteredAt;
    private final AtomicReference<@Nullable Progress> news = new AtomicReference<>();
    private volatile @Nullable Wish wish;
    private long wishSeenAt;
    private volatile boolean wishEnforced;

    /** How far it is. */
    private enum Phase {
        RUNNING,
        /** Its time is over; its thread has been interrupted. */
        TIMED_OUT,
        /** Its interrupt did not help: its job has an outcome without it, and its thread may run on. */
        ABANDONED,
        /** The job is not ours any more: its thread has been interrupted, its outcome is dropped. */
        LOST,
        /** It has an outcome, or was given up. */
        ENDED
    }

    /** What its last words are worth. */
    enum End {
        /** They are the outcome. */
        COUNTS,
        /** The job is somebody else's. */
        LOST,
        /** It has an outcome already. */
        ABANDONED
    }

    public Run(RunningJob job) {
        this.job = job;
        this.followUps = new FollowUps(job.id());
    }

    public RunningJob job() {
        return job;
    }

    public JobId id() {
        return job.id();
    }

    public int attempt() {
        return job.attempt();
    }

    /** True once the handler should return soon. */
    public boolean isCancelled() {
        return phase.get() != Phase.RUNNING || wish != null;
    }

    /** True once whatever it says is dropped: it is another worker's, or was given up. */
    public boolean isLost() {
        Phase now = phase.get();
        return now == Phase.LOST || now == Phase.ABANDONED || now == Phase.ENDED;
    }

    /**
     * Somebody wishes the job cancelled. Said at each look while the wish stands: the handler sees the first, and is
     * interrupted at the one after the grace time. For the lane's thread only.
     *
     * @param now by the ticker, in ns
     * @return true the first time
     */
    public boolean heed(Wish wished, long now, Duration grace) {
        if (wish == null) {
            wishSeenAt = now;
            wish = wished;
            return true;
        }
        if (!wishEnforced && now - wishSeenAt >= grace.toNanos()) {
            wishEnforced = true;
            interrupt();
        }
        return false;
    }

    Optional<Wish> wish() {
        return Optional.ofNullable(wish);
    }

    /** The handler says how far it is; the last word before the lane asks counts. */
    void progress(int percent, String note) {
        news.set(new Progress(id(), attempt(), percent, note));
    }

    /** What was said since the last question. */
    public Optional<Progress> takeProgress() {
        return Optional.ofNullable(news.getAndSet(null));
    }

    public boolean isTimedOut() {
        return phase.get() == Phase.TIMED_OUT;
    }

    /** The job was lost to another worker: the thread is interrupted, its outcome will be dropped. */
    public void lose() {
        if (phase.compareAndSet(Phase.RUNNING, Phase.LOST) || phase.compareAndSet(Phase.TIMED_OUT, Phase.LOST)) {
            interrupt();
        }
    }

    /** The run's time is over: the thread is interrupted. */
    void timeOut() {
        if (phase.compareAndSet(Phase.RUNNING, Phase.TIMED_OUT)) {
            interrupt();
        }
    }

    /** Gives up waiting for a thread whose time is over. True for the one caller whose outcome counts. */
    boolean abandon() {
        return phase.compareAndSet(Phase.TIMED_OUT, Phase.ABANDONED);
    }

    /** The thread has come to its end. */
    End end() {
        return switch (phase.getAndSet(Phase.ENDED)) {
            case RUNNING, TIMED_OUT -> End.COUNTS;
            case LOST, ENDED -> End.LOST;
            case ABANDONED -> End.ABANDONED;
        };
    }

    /** The handler's code begins: from here on it can be interrupted. */
    void begins(Thread runner) {
        thread = runner;
        if (phase.get() != Phase.RUNNING || wishEnforced) {
            interrupt(); // RACE: lost between its start and this line, when there was no thread to interrupt yet
        }
    }

    /** The payload is read, the handler is entered. */
    void entered(Instant at) {
        enteredAt = at;
    }

    /** Where its thread stands; empty when it is not in the handler. */
    StackTraceElement[] stack() {
        Thread runner = thread;
        return runner == null ? new StackTraceElement[0] : runner.getStackTrace();
    }

    /** The handler has returned: whatever interrupts come later are not for this thread. */
    void left() {
        thread = null;
    }

    Optional<Instant> enteredAt() {
        return Optional.ofNullable(enteredAt);
    }

    void closed(String step) {
        closedSteps.add(step);
    }

    /** No call of it was made in this run, or one that has done nothing, and none before is without an answer. */
    void unmade(String step) {
        unmadeSteps.add(step);
        closedSteps.add(step);
    }

    /** A call of it begins, whose answer nobody has yet. */
    void opened(String step) {
        closedSteps.removeAll(List.of(step));
        unmadeSteps.remove(step);
    }

    FollowUps followUps() {
        return followUps;
    }

    List<String> closedSteps() {
        return List.copyOf(closedSteps);
    }

    Set<String> unmadeSteps() {
        return Set.copyOf(unmadeSteps);
    }

    private void interrupt() {
        Thread runner = thread;
        if (runner != null) {
            runner.interrupt();
        }
    }
}
