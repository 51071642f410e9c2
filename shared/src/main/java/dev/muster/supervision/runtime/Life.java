package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.util.concurrent.CompletableFuture;

/** One life of a child: a service, a task, an operating-system process or a supervisor. Thread-safe. */
public interface Life {

    /** Completes, never exceptionally, once it has ended. */
    CompletableFuture<ExitReason> onExit();

    /** Asks it to end in good order. Does not wait; does nothing once it has ended. */
    void shutdown();

    /** Ends it at once, whatever it is doing. Does not wait; does nothing once it has ended. */
    void kill();
}
