package dev.muster.coordinator.fleet;

import dev.muster.coordinator.liveness.LivenessEvent;
import dev.muster.coordinator.recovery.Death;
import dev.muster.coordinator.recovery.Recovery;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The deaths under one leader's epoch: each is recovered from once, whoever tells of it and however often, and the next
 * life of the worker learns here when the fence stands. Thread-safe; guarded by its monitor. Nothing here waits, so that
 * the recovery begins on the thread that has seen the exit.
 */
final class Deaths {
    private static final Logger LOG = LoggerFactory.getLogger(Deaths.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);
    /** Deaths that are remembered, so that each is handled once. */
    private static final int REMEMBERED = 1_000;

    private final Recovery recovery;
    private final long epoch;
    private final Consumer<LivenessEvent> liveness;
    private final Executor tasks;
    private final Set<Incarnation> known = new LinkedHashSet<>();
    /** Of each worker the latest. */
    private final Map<String, Fall> latest = new HashMap<>();

    private final Map<Incarnation, CompletableFuture<Boolean>> underWay = new ConcurrentHashMap<>();
    private boolean dropped;

    Deaths(Recovery recovery, long epoch, Consumer<LivenessEvent> liveness, Executor tasks) {
        this.recovery = recovery;
        this.epoch = epoch;
        this.liveness = liveness;
        this.tasks = tasks;
    }

    /**
     * A death and what follows from it.
     *
     * @param fenced when the fence stands: the worker's name is free again
     * @param successor completes with the next life; with an empty value where none follows
     */
    private record Fall(
            Death death, CompletableFuture<Boolean> fenced, CompletableFuture<Optional<Incarnation>> successor) {}

    /**
     * Begins the recovery, if this is the first that is heard of this death.
     *
     * @param isRestarted whether a successor is to be waited for
     */
    void recover(Death death, boolean isRestarted) {
        Fall fall;
        synchronized (this) {
            if (dropped || !known.add(death.incarnation())) {
                return; // such as the exit of a worker that was killed for its silence, however late that is told
            }
            if (known.size() > REMEMBERED) {
                known.remove(known.iterator().next());
            }
            String worker = death.incarnation().worker();
            // One that could not be started leaves the death before it open: the same life answers both.
            fall = new Fall(death, new CompletableFuture<>(), open(worker).orElseGet(CompletableFuture::new));
            latest.put(worker, fall);
        }
        liveness.accept(new LivenessEvent.Ended(death.incarnation()));
        if (!isRestarted) {
            fall.successor().complete(Optional.empty());
        }
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        underWay.put(death.incarnation(), done);
        var _ = done.thenRun(() -> underWay.remove(death.incarnation()));
        begin(fall, done);
    }

    private void begin(Fall fall, CompletableFuture<Boolean> done) {
        tasks.execute(() -> {
            try {
                recovery.recover(fall.death(), epoch, _ -> {
                    fall.fenced().complete(true);
                    return fall.successor();
                });
                if (fall.fenced().isDone() || isDropped()) {
                    done.complete(true);
                } else {
                    again(fall, done); // nothing else would: no survey looks at a death that is known
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.error(
                        "The recovery of {} failed; it is begun again in a second",
                        fall.death().incarnation(),
                        e);
                again(fall, done);
            }
        });
    }

    private void again(Fall fall, CompletableFuture<Boolean> done) {
        CompletableFuture.delayedExecutor(AGAIN.toNanos(), TimeUnit.NANOSECONDS).execute(() -> begin(fall, done));
    }

    private synchronized boolean isDropped() {
        return dropped;
    }

    synchronized boolean isKnown(Incarnation incarnation) {
        return known.contains(incarnation);
    }

    /** Completed when the worker's latest life, if there was one, is fenced. */
    synchronized CompletableFuture<Boolean> fence(String worker) {
        Fall fall = latest.get(worker);
        return fall == null ? CompletableFuture.completedFuture(true) : fall.fenced();
    }

    /** The worker's latest death, if it waits for the next life. */
    synchronized Optional<Death> unanswered(String worker) {
        return open(worker).isPresent() ? latest(worker) : Optional.empty();
    }

    synchronized Optional<Death> latest(String worker) {
        return Optional.ofNullable(latest.get(worker)).map(Fall::death);
    }

    /** The next life of its worker runs. */
    synchronized void succeeded(Incarnation next) {
        open(next.worker()).ifPresent(successor -> successor.complete(Optional.of(next)));
    }

    /** None of the dead is started again for now. */
    synchronized void noneSucceeds() {
        latest.values().forEach(fall -> fall.successor().complete(Optional.empty()));
    }

    /** The deaths are another leader's from now on. */
    synchronized void drop() {
        dropped = true;
        noneSucceeds();
    }

    /** Returns when no recovery is under way any more, or after this time. */
    void await(Duration patience) throws InterruptedException {
        try {
            CompletableFuture.allOf(underWay.values().toArray(CompletableFuture<?>[]::new))
                    .get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            LOG.warn("{} recoveries are not done; the next leader's survey finds them", underWay.size());
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: they complete with a value", e);
        }
    }

    private Optional<CompletableFuture<Optional<Incarnation>>> open(String worker) {
        return Optional.ofNullable(latest.get(worker)).map(Fall::successor).filter(successor -> !successor.isDone());
    }
}
