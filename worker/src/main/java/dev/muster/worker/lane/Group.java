package dev.muster.worker.lane;

import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.EffectGuard;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.Run;
import dev.muster.worker.execution.Runner;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Jobs of one key, or one job, that run one after the other: each begins when the one before it has returned success, which is
 * a moment before that is durable. Others may join as long as it goes well. As soon as one does not succeed, or they take too
 * long, the rest is given back, together with what ended it, so that the lane has it wait again before it writes that down.
 * What the runs say is heard on their threads, of which there is one at a time; all else is called by the lane's thread.
 */
final class Group implements JobRunner.Listener {
    /** Of jobs that take so many times longer than they did before, the rest waits where others can take it. */
    private static final int PATIENCE = 4;

    private final Runner runner;
    private final Ticker ticker;
    private final Duration within;
    private final EffectGuard.Intents intents;
    private final News news;
    /** Those that are not written down, in their order. The lane's. */
    private final Deque<Run> members;

    // What follows is guarded by this.
    private final Deque<Run> rest;
    private State state = State.RUNS;
    private long began;
    private long runBegan;

    private enum State {
        RUNS,
        /** All have returned success. */
        WELL,
        /** Nothing of it will begin any more. */
        OVER
    }

    /** What becomes of its runs. Called on their threads; never waits. */
    interface News {
        void entered(Run run, Instant at);

        /**
         * A run has an outcome.
         *
         * @param took in ns
         * @param back those behind it that have not begun and will not
         */
        void ended(Run run, Outcome outcome, long took, List<Run> back);

        /** A run ended without an outcome, since the job is not ours as far as it could see; the same of those behind it. */
        void dropped(Run run, List<Run> back);
    }

    /** @param within how long they should take together */
    Group(
            List<RunningJob> jobs,
            Runner runner,
            Ticker ticker,
            Duration within,
            EffectGuard.Intents intents,
            News news) {
        this.runner = runner;
        this.ticker = ticker;
        this.within = within;
        this.intents = intents;
        this.news = news;
        this.members = new ArrayDeque<>(jobs.size());
        jobs.forEach(job -> members.add(new Run(job)));
        this.rest = new ArrayDeque<>(members);
        this.began = ticker.nanos();
        this.runBegan = began;
    }

    /** Begins the first; false: there is nobody to run it now. */
    synchronized boolean begin() {
        return runner.start(rest.removeFirst(), intents, this);
    }

    /** More of its key, to be run behind this one, which must be the last here. False: they won't be. */
    synchronized boolean join(Run last, List<Run> runs) {
        if (state == State.OVER || members.peekLast() != last) {
            return false;
        }
        long now = ticker.nanos();
        rest.addAll(runs);
        began = now;
        if (state == State.WELL && !beginNext(now)) {
            state = State.OVER;
            rest.clear();
            return false;
        }
        members.addAll(runs);
        return true;
    }

    /** Those that have not begun, if the time for all of them is over: one of them takes too long. They are given up. */
    synchronized List<Run> late() {
        return rest.isEmpty() || isInTime(ticker.nanos()) ? List.of() : takeRest();
    }

    private boolean isInTime(long now) {
        return now - began < PATIENCE * within.toNanos();
    }

    List<Run> members() {
        return List.copyOf(members);
    }

    /** False while one before it is not written down. */
    boolean isFirst(Run run) {
        return members.peekFirst() == run;
    }

    /** One of them is written down, or given up. True if it was the last. */
    boolean leaves(Run run) {
        members.remove(run);
        return members.isEmpty();
    }

    @Override
    public void entered(Run run, Instant at) {
        news.entered(run, at);
    }

    @Override
    public synchronized void ended(Run run, Outcome outcome) {
        long now = ticker.nanos();
        long took = now - runBegan;
        boolean well = state != State.OVER && outcome.verdict() == Outcome.Verdict.SUCCEEDED;
        if (well && rest.isEmpty()) {
            state = State.WELL;
            news.ended(run, outcome, took, List.of());
        } else if (well && isInTime(now)) {
            // First: the lane has to hear of it before what the next one says.
            news.ended(run, outcome, took, List.of());
            Run next = rest.getFirst();
            if (!beginNext(now)) {
                news.dropped(next, takeRest());
            }
        } else {
            news.ended(run, outcome, took, takeRest());
        }
    }

    @Override
    public synchronized void dropped(Run run) {
        news.dropped(run, takeRest());
    }

    private boolean beginNext(long now) {
        Run next = rest.removeFirst();
        runBegan = now;
        state = State.RUNS;
        return !next.isLost() && runner.start(next, intents, this);
    }

    private List<Run> takeRest() {
        state = State.OVER;
        List<Run> taken = List.copyOf(rest);
        rest.clear();
        return taken;
    }
}
