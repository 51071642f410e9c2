package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.time.Duration;
import java.util.Optional;

/** What happened under a supervisor, for logs, metrics and the history. */
public sealed interface SupervisionEvent {
    /** The supervisor's path in its tree, such as {@code local/servers}. */
    String path();

    /**
     * A child is in service.
     *
     * @param incarnation its life, a number that is never used twice within its supervisor
     * @param took from the wish to start it
     * @param name what others call this life, such as {@code worker-1.42}
     */
    record Started(String path, String child, long incarnation, Duration took, Optional<String> name)
            implements SupervisionEvent {}

    /** A child could not be started. */
    record StartFailed(String path, String child, ExitReason reason) implements SupervisionEvent {}

    /**
     * A child has ended.
     *
     * @param stopped true when its supervisor wanted it to
     * @param lived since it was in service; zero if it never was
     * @param name what others called this life
     */
    record Exited(
            String path,
            String child,
            long incarnation,
            ExitReason reason,
            boolean stopped,
            Duration lived,
            Optional<String> name)
            implements SupervisionEvent {}

    /** One restart too many, caused by this child: the supervisor stops its children and ends, and its parent decides. */
    record Escalated(String path, String child) implements SupervisionEvent {}

    /** The supervisor itself has ended, its children before it. */
    record Ended(String path, ExitReason reason) implements SupervisionEvent {}
}
