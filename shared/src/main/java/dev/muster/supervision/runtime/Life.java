package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** One life of a child: a service, a task, an operating-system process or a supervisor. Thread-safe. */
public interface Life {

    /** Completes, never exceptionally, once it has ended. */
    CompletableFuture<ExitReason> onExit();

    /**
     * Completes, never exceptionally, once it does its work. A life whose start waits for something, such as a process that
     * has to be forked first, lets its {@link ChildStart} return at once, so that its supervisor is not held up, and
     * completes this later, before its exit; one that ends before leaves it open. In service from its start, unless it
     * says otherwise.
     */
    default CompletableFuture<?> inService() {
        return CompletableFuture.completedFuture(true);
    }

    /** What others call this life, such as {@code worker-1.42}; known once it is in service. Empty: it has only a number. */
    default Optional<String> name() {
        return Optional.empty();
    }

    /** Asks it to end in good order. Does not wait; does nothing once it has ended. */
    void shutdown();

    /** Ends it at once, whatever it is doing. Does not wait; does nothing once it has ended. */
    void kill();
}
