package dev.muster.supervision;

/**
 * Why a process ended.
 *
 * <p>Source: OTP, {@code erlang:exit/1} and {@code supervisor}, "Child specification", {@code restart}.
 */
public sealed interface ExitReason {

    /** It was done: {@code normal}. */
    record Normal() implements ExitReason {}

    /** It was told to end, or ended its own tree in good order: {@code shutdown}. */
    record Shutdown() implements ExitReason {}

    /** As {@link Shutdown}, and says why: {@code {shutdown, Term}}. */
    record ShutdownBecause(String term) implements ExitReason {}

    /** A supervisor ended because a child didn't start: {@code {shutdown, {failed_to_start_child, Id, Reason}}}. */
    record FailedToStartChild(String id, ExitReason reason) implements ExitReason {}

    /** It was killed and had no say in it: {@code killed}. */
    record Killed() implements ExitReason {}

    /** It broke: any other term. */
    record Crash(String description) implements ExitReason {}

    /** True for an end after which a transient child has done its work. */
    default boolean isOrderly() {
        return switch (this) {
            case Normal _, Shutdown _, ShutdownBecause _, FailedToStartChild _ -> true;
            case Killed _, Crash _ -> false;
        };
    }
}
