package dev.muster.worker.execution;

import dev.muster.job.JobId;
import dev.muster.store.OwnershipStore.Progress;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.RunningJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One run of a job in this process: its thread, and what is known of it so far. It ends once. Thread-safe. */
public final class Run {
    private final RunningJob job;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.RUNNING);
    private final List<String> closedSteps = new CopyOnWriteArrayList<>();
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
        /** The job is not ours any more: its thread has been interrupted, its outcome is dropped. */
        LOST,
        /** It has an outcome, or was given up. */
        ENDED
    }

    public Run(RunningJob job) {
        this.job = job;
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
    boolean isLost() {
        Phase now = phase.get();
        return now == Phase.LOST || now == Phase.ENDED;
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

    /** True for the one caller whose outcome counts. */
    boolean end() {
        Phase before = phase.getAndSet(Phase.ENDED);
        return before == Phase.RUNNING || before == Phase.TIMED_OUT;
    }

    void entered(Thread runner, Instant at) {
        thread = runner;
        enteredAt = at;
        if (phase.get() != Phase.RUNNING || wishEnforced) {
            interrupt(); // RACE: lost between its start and this line, when there was no thread to interrupt yet
        }
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

    List<String> closedSteps() {
        return List.copyOf(closedSteps);
    }

    private void interrupt() {
        Thread runner = thread;
        if (runner != null) {
            runner.interrupt();
        }
    }
}
