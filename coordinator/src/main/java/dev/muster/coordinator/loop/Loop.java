package dev.muster.coordinator.loop;

import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the body of a component again and again on a platform thread of its own, so that nothing else can starve it. A
 * body that throws is run again after a pause; one line says that it is in trouble and one that it is over, however long
 * that took. Thread-safe.
 */
public final class Loop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);
    private static final Duration AFTER_TROUBLE = Duration.ofMillis(250);
    private static final long REMIND_NANOS = Duration.ofSeconds(30).toNanos();

    private final String name;
    private final Duration pause;
    private final Body body;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread;

    // Confined to the thread.
    private boolean inTrouble;
    private long troubleToldNanos;

    private Loop(String name, Duration pause, Body body) {
        this.name = name;
        this.pause = pause;
        this.body = body;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    }

    /** One round of a component. */
    @FunctionalInterface
    public interface Body {
        void run() throws Exception;
    }

    /**
     * Starts a loop.
     *
     * @param pause between two rounds; zero for a body that waits by itself
     */
    public static Loop start(String name, Duration pause, Body body) {
        Loop loop = new Loop(name, pause, body);
        loop.thread.start();
        return loop;
    }

    /** Ends the loop after its current round, interrupting what that waits for; waits at most 5 s. */
    @Override
    public void close() {
        stop.countDown();
        if (Thread.currentThread().equals(thread)) {
            return;
        }
        thread.interrupt();
        try {
            if (!thread.join(Duration.ofSeconds(5))) {
                LOG.warn("{} has not ended within 5 s; it is left behind as a daemon thread", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!waited(Duration.ZERO)) {
            Duration next = runOnce() ? pause : AFTER_TROUBLE;
            if (waited(next)) {
                return;
            }
        }
    }

    private boolean runOnce() {
        try {
            body.run();
            if (inTrouble) {
                inTrouble = false;
                LOG.info("{} works again", name);
            }
            return true;
        } catch (InterruptedException e) {
            // Only close() interrupts; the latch ends the loop.
            return true;
        } catch (Throwable e) {
            tell(e);
            return false;
        }
    }

    private boolean waited(Duration time) {
        try {
            return stop.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** An outage is a line at its start and one every half minute; a bug is a stack trace. */
    private void tell(Throwable e) {
        if (stop.getCount() == 0) {
            return;
        }
        long now = Ticker.system().nanos();
        if (inTrouble && now - troubleToldNanos < REMIND_NANOS) {
            return;
        }
        inTrouble = true;
        troubleToldNanos = now;
        if (isOutage(e)) {
            LOG.warn("{}: {}; tries again every {} ms", name, firstLine(e), AFTER_TROUBLE.toMillis());
        } else {
            LOG.error("{} failed; tries again every {} ms", name, AFTER_TROUBLE.toMillis(), e);
        }
    }

    private static boolean isOutage(Throwable e) {
        return e instanceof KafkaException
                || (e instanceof StoreException store && store.code() != StoreException.Code.BROKEN);
    }

    private static String firstLine(Throwable e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse(message);
    }
}
