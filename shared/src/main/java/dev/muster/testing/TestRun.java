package dev.muster.testing;

import dev.muster.execution.FollowUps;
import dev.muster.execution.HandlerTerms;
import dev.muster.execution.Said;
import dev.muster.execution.Steps;
import dev.muster.execution.TimedOut;
import dev.muster.execution.Verdicts;
import dev.muster.job.JobContext;
import dev.muster.job.JobId;
import dev.muster.job.JobResult;
import dev.muster.job.LostJobException;
import dev.muster.job.NewJob;
import dev.muster.job.NothingDoneException;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** One run: the handler on a thread of its own, its timeout, and what it sees of the world. Thread-safe. */
final class TestRun implements JobContext {
    private final RunningJob job;
    private final Intents intents;
    private final Faults faults;
    private final Instant now;
    private final CompletableFuture<Said> said = new CompletableFuture<>();
    private final CompletableFuture<Boolean> death = new CompletableFuture<>();
    private final List<TestedJob.Call> calls = new CopyOnWriteArrayList<>();
    private final List<String> closed = new CopyOnWriteArrayList<>();
    private final Map<String, Optional<Instant>> unanswered = new ConcurrentHashMap<>();
    private final FollowUps followUps;
    private volatile boolean cancelled;
    private volatile boolean lost;

    TestRun(RunningJob job, Intents intents, Faults faults, Instant now) {
        this.job = job;
        this.intents = intents;
        this.faults = faults;
        this.now = now;
        this.followUps = new FollowUps(job.id());
    }

    /** How it ended, as its worker would have seen it. */
    sealed interface End {
        record Settled(Outcome outcome) implements End {}

        /** Its worker died. */
        record Died() implements End {}

        /** The job was not its worker's any more. */
        record Lost() implements End {}
    }

    /** Runs it to its end, or to that of its worker. */
    <P> End carryOut(HandlerTerms<P> terms, RandomGenerator random) {
        Thread thread = Thread.ofVirtual().name("job").start(() -> said.complete(Said.by(terms, job, this, () -> {})));
        try {
            return endWithin(terms, thread, random);
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the handler ran", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: what a handler throws is an answer", e);
        }
    }

    List<TestedJob.Call> calls() {
        return List.copyOf(calls);
    }

    private End endWithin(HandlerTerms<?> terms, Thread thread, RandomGenerator random)
            throws InterruptedException, ExecutionException {
        CompletableFuture<Object> end = CompletableFuture.anyOf(said, death);
        boolean timedOut = false;
        try {
            end.get(terms.timeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            timedOut = true;
            cancelled = true;
            thread.interrupt();
            try {
                end.get(TimedOut.GRACE.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException _) {
                lost = true; // an abandoned thread makes no call any more
                return settled(terms, TimedOut.abandoned(terms.timeout(), thread.getStackTrace()), random);
            }
        }
        if (death.isDone()) {
            return new End.Died();
        }
        return switch (said.get()) {
            case Said.Answered(JobResult result) ->
                new End.Settled(followUps.with(
                        Verdicts.of(job, result, terms.retryPolicy(), random, Optional.of(now), List.copyOf(closed)),
                        result));
            case Said.Threw(LostJobException _) -> new End.Lost();
            case Said.Threw(Throwable thrown) ->
                settled(terms, timedOut ? TimedOut.interrupted(terms.timeout(), thrown) : thrown, random);
        };
    }

    private End settled(HandlerTerms<?> terms, Throwable thrown, RandomGenerator random) {
        return new End.Settled(
                Verdicts.of(job, thrown, terms.retryPolicy(), random, Optional.of(now), List.copyOf(closed)));
    }

    @Override
    public <T> T effect(String step, EffectCall<T> call) throws Exception {
        Steps.require(step);
        if (death.isDone()) {
            stand(); // another thread of a worker that is dead
        }
        Optional<Instant> before = intents.open(step, now);
        if (faults.strike(Faults.Kind.CANCEL_BEFORE_CALL, step)) {
            cancelled = true;
        }
        if (faults.strike(Faults.Kind.LOSE_BEFORE_CALL, step)) {
            cancelled = true;
            lost = true;
        }
        if (lost) {
            throw new LostJobException("job " + job.id() + " was lost before its call");
        }
        if (faults.strike(Faults.Kind.CRASH_BEFORE_CALL, step)) {
            die();
        }
        unanswered.put(step, before);
        T answer = made(step, call, before);
        if (faults.strike(Faults.Kind.CRASH_AFTER_CALL, step)) {
            note(step, TestedJob.Answer.NOT_NOTED);
            die();
        }
        note(step, TestedJob.Answer.GIVEN);
        closed.add(step);
        return answer;
    }

    private <T> T made(String step, EffectCall<T> call, Optional<Instant> before) throws Exception {
        try {
            return call.call(intents.key(step));
        } catch (NothingDoneException e) {
            note(step, TestedJob.Answer.NOTHING_DONE);
            if (before.isEmpty()) {
                closed.add(step);
            }
            throw e;
        } catch (Throwable e) {
            note(step, TestedJob.Answer.THREW);
            throw e;
        }
    }

    private void note(String step, TestedJob.Answer answer) {
        calls.add(new TestedJob.Call(job.attempt(), step, intents.key(step), answer));
    }

    private void die() {
        death.complete(true);
        stand();
    }

    /** Not one line further, as after a kill: no catch and no finally of the handler runs. The thread is garbage then. */
    private static void stand() {
        new CompletableFuture<Void>().join();
    }

    @Override
    public Optional<Instant> unansweredSince(String step) {
        return unanswered.getOrDefault(step, Optional.empty());
    }

    @Override
    public JobId submit(String step, String queue, NewJob followUp) {
        return followUps.add(step, queue, followUp, now);
    }

    @Override
    public JobId jobId() {
        return job.id();
    }

    @Override
    public String queue() {
        return job.place().queue();
    }

    @Override
    public Optional<String> key() {
        byte[] key = job.bytes().key();
        return key == null ? Optional.empty() : Optional.of(new String(key, StandardCharsets.UTF_8));
    }

    @Override
    public int attempt() {
        return job.attempt();
    }

    @Override
    public int failures() {
        return job.budget().failures();
    }

    @Override
    public int recoveries() {
        return job.budget().recoveries();
    }

    @Override
    public void progress(int percent, String note) {
        if (percent < 0 || percent > 100) {
            throw new IllegalArgumentException("percent is not between 0 and 100: " + percent);
        }
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }
}
