package dev.muster.coordinator.process;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees the end of a process that is not a child of this one. Linux tells it at once by a pidfd. Elsewhere, and where the
 * call is forbidden, it is looked at every 20 ms; the JDK's own {@link ProcessHandle#onExit()} looks ever more seldom, up
 * to every five seconds.
 */
final class ExitWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ExitWatch.class);
    private static final Duration EVERY = Duration.ofMillis(20);
    /** The thread only waits in one call. */
    private static final long STACK_BYTES = 128 * 1024;

    private ExitWatch() {}

    /** Completes once it has ended, also while nobody has collected its exit code. */
    static CompletableFuture<Boolean> of(ProcessHandle handle) {
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        // A platform thread: the call holds its carrier. It ends with the process.
        Thread.ofPlatform()
                .name("exit-of-" + handle.pid())
                .daemon()
                .stackSize(STACK_BYTES)
                .start(() -> watch(handle, ended));
        return ended;
    }

    private static void watch(ProcessHandle handle, CompletableFuture<Boolean> ended) {
        Optional<PidFd> opened = PidFd.open(handle.pid());
        if (opened.isPresent()) {
            try (PidFd fd = opened.get()) {
                // RACE: the number may have gone to another process before it was opened; asked now, the handle knows.
                if (!LocalHost.isAlive(handle) || fd.awaitExit()) {
                    ended.complete(true);
                    return;
                }
            }
        }
        LOG.debug("No pidfd of {}; looks every {} ms whether it has ended", handle.pid(), EVERY.toMillis());
        look(handle, ended);
    }

    static void look(ProcessHandle handle, CompletableFuture<Boolean> ended) {
        if (LocalHost.isAlive(handle)) {
            CompletableFuture.delayedExecutor(EVERY.toNanos(), TimeUnit.NANOSECONDS)
                    .execute(() -> look(handle, ended));
        } else {
            ended.complete(true);
        }
    }
}
