package dev.muster.client;

import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Who waits for which job's outcome, and until when; so many and no more. Thread-safe. */
final class Waiting {
    private final int most;
    private final Ticker ticker;
    private final Executor callbacks;
    private final ConcurrentMap<JobId, List<One>> jobs = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();

    Waiting(int most, Ticker ticker, Executor callbacks) {
        this.most = most;
        this.ticker = ticker;
        this.callbacks = callbacks;
    }

    /** Somebody who waits. */
    private record One(JobId id, CompletableFuture<JobOutcome> future, long since, Duration within) {}

    /**
     * From now on somebody waits for this job.
     *
     * @throws IllegalStateException if too many wait already
     */
    CompletableFuture<JobOutcome> add(JobId id, Duration within) {
        if (count.incrementAndGet() > most) {
            count.decrementAndGet();
            throw new IllegalStateException("so many outcomes are waited for already: " + most);
        }
        One one = new One(id, new CompletableFuture<>(), ticker.nanos(), within);
        jobs.merge(
                id,
                List.of(one),
                (others, more) -> Stream.concat(others.stream(), more.stream()).toList());
        // However it ends, also when its owner cancels it.
        var _ = one.future().whenComplete((_, _) -> {
            count.decrementAndGet();
            remove(one);
        });
        return one.future();
    }

    boolean isFor(JobId id) {
        return jobs.containsKey(id);
    }

    void tell(JobOutcome outcome) {
        List<One> told = jobs.remove(outcome.id());
        if (told != null) {
            told.forEach(one -> callbacks.execute(() -> one.future().complete(outcome)));
        }
    }

    /** Ends the waiting of those whose time is over. */
    void expire() {
        long now = ticker.nanos();
        jobs.values()
                .forEach(ones -> ones.stream()
                        .filter(one -> now - one.since() >= one.within().toNanos())
                        .forEach(one -> fail(
                                one,
                                new TimeoutException("job " + one.id() + " has no outcome within " + one.within()))));
    }

    void failAll(Exception why) {
        jobs.values().forEach(ones -> ones.forEach(one -> fail(one, why)));
    }

    private void fail(One one, Exception why) {
        remove(one); // at once: what is failed later on another thread must not be seen as waiting in the meantime
        callbacks.execute(() -> one.future().completeExceptionally(why));
    }

    private void remove(One gone) {
        jobs.computeIfPresent(gone.id(), (_, ones) -> {
            List<One> rest = ones.stream().filter(one -> !one.equals(gone)).toList();
            return rest.isEmpty() ? null : rest;
        });
    }
}
