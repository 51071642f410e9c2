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
import java.util.Optional;

/**
 * Jobs that were started at once: one, or several of one key. Each begins when the one before it has returned success, which
 * is a moment before that is durable. As soon as one does not, or their time is over, the rest is given back, together with
 * what ended it, so that the lane has it wait again before it writes that down. What the runs say is heard on their threads,
 * of which there is one at a time; all else is confined to the lane's thread.
 */
final class Group implements JobRunner.Listener {
    /** Of jobs that take so many times longer than they did before, the rest waits where others can take it. */
    private static final int PATIENCE = 4;

    private final Runner runner;
    private final Ticker ticker;
    private final Duration within;
    private final EffectGuard.Intents intents;
    private final News news;
    private final List<Run> members;
    private final long began;
    private int open;

    // Passed from each run's thread to the next one's.
    private final Deque<Run> rest;
    private long runBegan;

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
        this.members = jobs.stream().map(Run::new).toList();
        this.rest = new ArrayDeque<>(members);
        this.open = members.size();
        this.began = ticker.nanos();
        this.runBegan = began;
    }

    /** Begins the first; false: there is nobody to run it now. */
    boolean begin() {
        return runner.start(rest.removeFirst(), intents, this);
    }

    List<Run> members() {
        return members;
    }

    /** The run that this one begins after. */
    Optional<Run> before(Run run) {
        int index = members.indexOf(run);
        return index > 0 ? Optional.of(members.get(index - 1)) : Optional.empty();
    }

    /** One of them is written down, or given up. True if it was the last. */
    boolean leaves() {
        return --open == 0;
    }

    @Override
    public void entered(Run run, Instant at) {
        news.entered(run, at);
    }

    @Override
    public void ended(Run run, Outcome outcome) {
        long now = ticker.nanos();
        long took = now - runBegan;
        boolean goesOn = outcome.verdict() == Outcome.Verdict.SUCCEEDED && now - began < PATIENCE * within.toNanos();
        if (goesOn && !rest.isEmpty()) {
            news.ended(
                    run, outcome, took, List.of()); // first: the lane has to hear of it before what the next one says
            beginNext(now);
        } else {
            news.ended(run, outcome, took, takeRest());
        }
    }

    @Override
    public void dropped(Run run) {
        news.dropped(run, takeRest());
    }

    private void beginNext(long now) {
        Run next = rest.removeFirst();
        runBegan = now;
        if (next.isLost() || !runner.start(next, intents, this)) {
            news.dropped(next, takeRest());
        }
    }

    private List<Run> takeRest() {
        List<Run> taken = List.copyOf(rest);
        rest.clear();
        return taken;
    }
}
