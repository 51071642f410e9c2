package dev.muster.worker.trust;

import dev.muster.fleet.Incarnation;
import dev.muster.store.Incarnations;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.EffectGuard;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long ago this worker last saw its own row unfenced. It reads the row every half window; before a job calls
 * outside, the last read must have begun no longer ago than the window. A produced heartbeat would prove nothing: a
 * worker cut off from Kafka alone still reaches Postgres, and one that was frozen finds here that it is out of date.
 * Thread-safe; {@link #run} is a thread of its own.
 */
public final class TrustWindow implements Runnable, EffectGuard {
    private static final Logger LOG = LoggerFactory.getLogger(TrustWindow.class);

    private static final Duration ASK_AGAIN = Duration.ofMillis(50);

    private final Incarnation me;
    private final Incarnations store;
    private final Duration window;
    private final Ticker ticker;
    private final Runnable onFenced;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition seen = lock.newCondition();
    private volatile Reading last;

    /** When a read that found the row alive began, on both clocks: the monotonic one may stand still in a suspended VM. */
    private record Reading(long nanos, Instant wall) {}

    public TrustWindow(Incarnation me, Incarnations store, Duration window, Ticker ticker, Runnable onFenced) {
        this.me = me;
        this.store = store;
        this.window = window;
        this.ticker = ticker;
        this.onFenced = onFenced;
        this.last = new Reading(ticker.nanos(), ticker.now()); // registering was such a read
    }

    /** True while the last look at the own row is recent enough to call outside. */
    public boolean isTrusted() {
        Reading reading = last;
        Duration monotonic = Duration.ofNanos(ticker.nanos() - reading.nanos());
        Duration wall = Duration.between(reading.wall(), ticker.now());
        return monotonic.compareTo(window) < 0 && wall.compareTo(window) < 0;
    }

    @Override
    public void awaitTrust() throws InterruptedException {
        if (isTrusted()) {
            return;
        }
        lock.lock();
        try {
            while (!isTrusted()) {
                seen.await(window.toMillis(), TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Reads the own row now, and ends the process if it is fenced or gone. */
    public void look() {
        Reading begun = new Reading(ticker.nanos(), ticker.now());
        try {
            switch (store.ownRow(me)) {
                case LIVE -> {
                    last = begun;
                    signal();
                }
                case FENCED, MISSING -> onFenced.run();
            }
        } catch (StoreException e) {
            LOG.atDebug().log("Can't read the own row; no new calls outside until it is read: {}", e.getMessage());
        }
    }

    /**
     * Reads the own row until Postgres has said how it is: for who must not go on before that is known. A fence ends the
     * connections of whom it fences, so the first read of a zombie that wakes fails as a rule.
     */
    public void lookUntilAnswered() {
        Reading before = last;
        while (last.equals(before)) {
            look();
            if (last.equals(before)) {
                LockSupport.parkNanos(ASK_AGAIN.toNanos());
            }
        }
    }

    @Override
    public void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                look();
                TimeUnit.NANOSECONDS.sleep(window.toNanos() / 2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void signal() {
        lock.lock();
        try {
            seen.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
