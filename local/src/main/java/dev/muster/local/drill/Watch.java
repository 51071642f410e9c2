package dev.muster.local.drill;

import dev.muster.store.DrillReader;
import dev.muster.store.DrillReader.Owner;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Notes every change of a partition's owner: Postgres keeps the last one only. It looks every 50 ms; the time of a change
 * is the one that Postgres wrote, so looking late makes no difference unless two changes of one partition lie between two
 * looks. Thread-safe; guarded by its monitor.
 */
final class Watch implements AutoCloseable {
    private static final Duration EVERY = Duration.ofMillis(50);

    private final DrillReader reader;
    private final Set<Owner> seen = new LinkedHashSet<>();
    private final CountDownLatch stopped = new CountDownLatch(1);

    private Watch(DrillReader reader) {
        this.reader = reader;
    }

    static Watch start(DrillReader reader) {
        Watch watch = new Watch(reader);
        Thread.ofPlatform().name("drill-watch").daemon().start(watch::run);
        return watch;
    }

    /** All that was seen, oldest first for each partition. */
    synchronized List<Owner> takeovers() {
        return List.copyOf(seen);
    }

    @Override
    public void close() {
        stopped.countDown();
    }

    private void run() {
        try {
            do {
                look();
            } while (!stopped.await(EVERY.toNanos(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        try {
            List<Owner> now = reader.owners();
            synchronized (this) {
                seen.addAll(now);
            }
        } catch (StoreException _) {
            // Postgres is away, as a drill may have it: nobody takes anything over meanwhile.
        }
    }
}
