package dev.muster.local;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Turns Ctrl-C and SIGTERM into an orderly end: the JVM's shutdown asks, the thread that owns the work stops it in
 * order and says when it is done, and only then the process ends. Thread-safe.
 */
public final class StopRequest implements AutoCloseable {
    /** Longer than the longest drain; after it the process ends all the same. */
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final CompletableFuture<String> asked = new CompletableFuture<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread owner = Thread.currentThread();

    private StopRequest() {}

    /** Listens for the end of this JVM. The calling thread owns the work; it is interrupted when the end is asked for. */
    public static StopRequest listening() {
        StopRequest request = new StopRequest();
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("stop-request").unstarted(request::askAndWait));
        return request;
    }

    /** Completes when the end is asked for. */
    public CompletableFuture<String> asked() {
        return asked;
    }

    public boolean isAsked() {
        return asked.isDone();
    }

    /**
     * Waits, at most so long, until the end is asked for.
     *
     * @return whether it was
     */
    public boolean await(Duration limit) {
        try {
            asked.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            boolean _ = Thread.interrupted();
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (InterruptedException | ExecutionException _) {
            // Nobody else interrupts. The flag would only disturb the stopping that follows.
            return true;
        }
    }

    /** The work has ended and nothing is left to wait for. */
    @Override
    public void close() {
        done.countDown();
    }

    private void askAndWait() {
        if (done.getCount() == 0) {
            return;
        }
        // RACE: in this order. An interrupt that came after the answer would hit the stopping, and end it half done.
        owner.interrupt();
        asked.complete("asked to stop");
        try {
            // Nothing follows but the end of the JVM, whichever way this goes.
            boolean _ = done.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
