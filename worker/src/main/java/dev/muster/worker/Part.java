package dev.muster.worker;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.ThreadLife;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a part of the worker that must never be there twice: a loop on a platform thread, which is asked to end in
 * a way of its own. A thread can't be killed; so where it does not end in time, somebody has to end the process.
 * Thread-safe.
 */
final class Part implements Life {
    private static final Logger LOG = LoggerFactory.getLogger(Part.class);

    private final Runnable ask;
    private final Runnable onStuck;
    private final CompletableFuture<ExitReason> exit;
    private volatile boolean asked;

    /**
     * Starts it.
     *
     * @param ask asks the loop to end; does not wait
     * @param onStuck told when it has not ended in its time
     */
    Part(String name, ThreadLife.Body loop, Runnable ask, Runnable onStuck) {
        this.ask = ask;
        this.onStuck = onStuck;
        this.exit = ThreadLife.service(name, logged(name, loop))
                .onExit()
                .thenApply(reason -> asked && reason instanceof ExitReason.Normal ? new ExitReason.Shutdown() : reason);
    }

    /** A loop that leaves its stack trace in the log when it breaks; supervisors know only what the exception says. */
    static ThreadLife.Body logged(String name, ThreadLife.Body loop) {
        return () -> {
            try {
                loop.run();
            } catch (InterruptedException e) { // it was asked to end
                throw e;
            } catch (Throwable e) {
                LOG.atError().setCause(e).log("{} broke down; its supervisor decides", name);
                throw e;
            }
        };
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    @Override
    public void shutdown() {
        asked = true;
        ask.run();
    }

    @Override
    public void kill() {
        if (!exit.isDone()) {
            onStuck.run();
            exit.complete(new ExitReason.Killed());
        }
    }
}
