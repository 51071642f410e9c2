package dev.muster.store;

import dev.muster.store.SupervisionStore.Happened;
import dev.muster.store.SupervisionStore.Kind;
import dev.muster.store.SupervisionStore.Numbered;
import dev.muster.store.SupervisionStore.Subject;
import dev.muster.store.SupervisionStore.Why;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts what happens under the supervisors of a process on record in Postgres. A supervisor never waits for it: events go
 * into a buffer of 10,000, which a thread of its own empties. While Postgres is away, or its schema is not there yet, they
 * wait; when the buffer is full the oldest goes and is counted. Each event is written once, with the time at which it
 * happened. Thread-safe.
 */
public final class SupervisionHistory implements Consumer<SupervisionEvent>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SupervisionHistory.class);
    static final int CAPACITY = 10_000;
    private static final int BATCH = 500;
    private static final int LONGEST_DETAIL = 2_000;
    private static final Duration AFTER_TROUBLE = Duration.ofMillis(500);
    /** How long the end of a process may wait for Postgres to take the last events. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(3);

    private final String origin;
    private final Ticker ticker;
    private final UUID writer = UUID.randomUUID();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by the lock, which nobody holds while Postgres is spoken to.
    private final Deque<Numbered> buffer = new ArrayDeque<>();
    private long lastNumber;
    private long dropped;
    private boolean closing;
    private Optional<Thread> writing = Optional.empty();

    // Confined to the thread.
    private boolean inTrouble;

    /**
     * Keeps events until it is told where to write them.
     *
     * @param origin names this process to people, such as {@code coordinator host-1-4711}
     */
    public SupervisionHistory(String origin) {
        this(origin, Ticker.system());
    }

    SupervisionHistory(String origin, Ticker ticker) {
        this.origin = origin;
        this.ticker = ticker;
    }

    /**
     * Begins to write. Postgres may be away. To be called once.
     *
     * @param database stays open until this is closed
     */
    public SupervisionHistory writeTo(Database database) {
        SupervisionStore store = new SupervisionStore(database);
        lock.lock();
        try {
            if (writing.isPresent()) {
                throw new IllegalStateException("it writes already");
            }
            writing = Optional.of(
                    Thread.ofPlatform().name("supervision-history").daemon().start(() -> run(store)));
        } finally {
            lock.unlock();
        }
        return this;
    }

    @Override
    public void accept(SupervisionEvent event) {
        Happened happened = happened(event);
        lock.lock();
        try {
            buffer.addLast(new Numbered(++lastNumber, happened));
            fit();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** How many events were lost since the buffer was full. */
    public long dropped() {
        lock.lock();
        try {
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is in the buffer, waiting at most 3 s for it, and ends. */
    @Override
    public void close() {
        Optional<Thread> ending;
        lock.lock();
        try {
            closing = true;
            changed.signal();
            ending = writing;
        } finally {
            lock.unlock();
        }
        ending.ifPresent(SupervisionHistory::await);
    }

    private static void await(Thread thread) {
        try {
            if (!thread.join(LAST_WORDS)) {
                LOG.warn("Postgres has not taken the last events of supervision within {}; they are lost", LAST_WORDS);
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }

    // ---- the loop ----

    private void run(SupervisionStore store) {
        try {
            List<Numbered> batch = take();
            while (!batch.isEmpty()) {
                write(store, batch);
                batch = take();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // close() has waited long enough
        }
    }

    /** The oldest events; waits for one. Empty: it is closing, and there is none left. */
    private List<Numbered> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (buffer.isEmpty() && !closing) {
                changed.await();
            }
            List<Numbered> batch = new ArrayList<>();
            while (batch.size() < BATCH && !buffer.isEmpty()) {
                batch.add(buffer.removeFirst());
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void write(SupervisionStore store, List<Numbered> batch) throws InterruptedException {
        try {
            store.append(writer, origin, batch);
            if (inTrouble) {
                inTrouble = false;
                LOG.info("The history of supervision is written again; {} events were dropped so far", dropped());
            }
        } catch (StoreException e) {
            if (e.code() == StoreException.Code.BAD_DATA) {
                drop(batch, e);
            } else {
                // Also a missing table: a process may begin before the schema is there.
                putBack(batch, e);
            }
        }
    }

    /** What Postgres will never take must not hold up the rest. */
    private void drop(List<Numbered> batch, StoreException e) {
        LOG.error("Drops {} events of supervision that Postgres refuses", batch.size(), e);
        lock.lock();
        try {
            dropped += batch.size();
        } finally {
            lock.unlock();
        }
    }

    private void putBack(List<Numbered> batch, StoreException e) throws InterruptedException {
        if (!inTrouble) {
            inTrouble = true;
            LOG.warn("The history of supervision waits: {}; it is written when Postgres can", e.getMessage());
        }
        lock.lockInterruptibly();
        try {
            batch.reversed().forEach(buffer::addFirst);
            fit();
            long left = AFTER_TROUBLE.toNanos();
            // Events that come in meanwhile, and the wish to close, signal too: the pause is kept.
            while (left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void fit() {
        while (buffer.size() > CAPACITY) {
            buffer.removeFirst();
            dropped++;
        }
    }

    // ---- what an event becomes ----

    private Happened happened(SupervisionEvent event) {
        return switch (event) {
            case SupervisionEvent.Started e ->
                of(
                        child(e.path(), e.child(), e.name().orElseGet(() -> Long.toString(e.incarnation()))),
                        Kind.STARTED,
                        Why.NONE,
                        Optional.of(e.took()));
            case SupervisionEvent.StartFailed e ->
                of(
                        new Subject(e.path(), Optional.of(e.child()), Optional.empty()),
                        Kind.START_FAILED,
                        why(e.reason()),
                        Optional.empty());
            case SupervisionEvent.Exited e ->
                of(
                        child(e.path(), e.child(), e.name().orElseGet(() -> Long.toString(e.incarnation()))),
                        e.stopped() ? Kind.STOPPED : Kind.EXITED,
                        why(e.reason()),
                        Optional.of(e.lived()));
            case SupervisionEvent.Escalated e ->
                of(
                        new Subject(e.path(), Optional.of(e.child()), Optional.empty()),
                        Kind.ESCALATED,
                        Why.NONE,
                        Optional.empty());
            case SupervisionEvent.Ended e ->
                of(
                        new Subject(e.path(), Optional.empty(), Optional.empty()),
                        Kind.ENDED,
                        why(e.reason()),
                        Optional.empty());
        };
    }

    private Happened of(Subject subject, Kind kind, Why why, Optional<Duration> took) {
        return new Happened(ticker.now(), origin, subject, kind, why, took);
    }

    private static Subject child(String path, String child, String life) {
        return new Subject(path, Optional.of(child), Optional.of(life));
    }

    static Why why(ExitReason reason) {
        return switch (reason) {
            case ExitReason.Normal _ -> word("normal");
            case ExitReason.Shutdown _ -> word("shutdown");
            case ExitReason.ShutdownBecause(String term) -> word("shutdown", term);
            case ExitReason.FailedToStartChild(String id, ExitReason inner) ->
                word("failed_to_start_child", id + ": " + sentence(why(inner)));
            case ExitReason.Killed _ -> word("killed");
            case ExitReason.Crash(String description) -> word("crash", description);
        };
    }

    private static String sentence(Why why) {
        return why.reason().orElse("")
                + why.detail().map(detail -> ", " + detail).orElse("");
    }

    private static Why word(String word) {
        return new Why(Optional.of(word), Optional.empty());
    }

    private static Why word(String word, String detail) {
        return new Why(
                Optional.of(word),
                Optional.of(detail.length() <= LONGEST_DETAIL ? detail : detail.substring(0, LONGEST_DETAIL) + "…"));
    }
}
