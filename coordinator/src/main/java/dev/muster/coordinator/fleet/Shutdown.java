package dev.muster.coordinator.fleet;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a coordinator's workers: asks all of them to drain, waits, kills the rest, and sees each fenced. An interrupt
 * means to hurry: they are killed at once.
 */
final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);
    /** The lives kill what has not ended by itself; this is only for their exits to be told. */
    private static final Duration TO_BE_TOLD = Duration.ofSeconds(1);
    /** For the fences: a few milliseconds each, or as long as Postgres is away, and then the next leader does it. */
    private static final Duration TO_BE_FENCED = Duration.ofSeconds(3);

    private final Optional<Pool> pool;
    private final Strays strays;
    private final Deaths deaths;

    Shutdown(Optional<Pool> pool, Strays strays, Deaths deaths) {
        this.pool = pool;
        this.strays = strays;
        this.deaths = deaths;
    }

    void run(Duration patience) {
        boolean hurried = Thread.interrupted();
        pool.ifPresent(Pool::end);
        strays.end();
        CompletableFuture<?> ended = CompletableFuture.allOf(
                pool.<CompletableFuture<?>>map(Pool::ended).orElseGet(CompletableFuture::allOf), strays.ended());
        try {
            if (hurried || !isDone(ended, patience.plus(TO_BE_TOLD))) {
                kill(ended);
            }
        } catch (InterruptedException e) {
            hurried = true;
            LOG.warn("Told to hurry; kills the workers that are left");
            kill(ended);
        }
        awaitFences();
        if (hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private void kill(CompletableFuture<?> ended) {
        pool.ifPresent(Pool::kill);
        strays.kill();
        try {
            if (!isDone(ended, TO_BE_TOLD)) {
                LOG.warn("Some workers were killed and their end is not seen; the next leader fences them");
            }
        } catch (InterruptedException e) {
            LOG.warn("Told to hurry twice; the next leader fences who is left");
        }
    }

    private void awaitFences() {
        try {
            deaths.await(TO_BE_FENCED);
        } catch (InterruptedException e) {
            LOG.warn("Told to hurry; the next leader fences who is left");
        }
    }

    private static boolean isDone(CompletableFuture<?> future, Duration patience) throws InterruptedException {
        try {
            future.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: it completes with a value", e);
        }
    }
}
