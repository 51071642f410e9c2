package dev.muster.supervision;

import dev.muster.supervision.SupervisorEffect.Action;
import java.util.List;

/** What a supervisor is doing. */
public sealed interface Phase {

    /** Waits for the next message. */
    record Idle() implements Phase {}

    /**
     * Starts and stops children, and reads no other message meanwhile.
     *
     * @param operation what this is for
     * @param actions the first is under way, the others are to follow; never empty
     */
    record Busy(Operation operation, List<Action> actions) implements Phase {
        public Busy {
            actions = List.copyOf(actions);
        }

        Action underWay() {
            return actions.getFirst();
        }

        List<Action> toFollow() {
            return actions.subList(1, actions.size());
        }
    }

    /** Has ended, for good. */
    record Down(ExitReason reason) implements Phase {}

    /** Why children are started and stopped; it says what follows when all is done, and when a start fails. */
    sealed interface Operation {

        /** The supervisor's own start. It fails with the first child that does. */
        record Init() implements Operation {}

        /** A child has ended and is restarted, with its group. A start that fails is tried again. */
        record RestartGroup() implements Operation {}

        /** Somebody asked for the start of one child and hears how it went. */
        record StartOnRequest(CallId from, String id) implements Operation {}

        /** Somebody asked for the end of one child. */
        record StopOnRequest(CallId from) implements Operation {}

        /** The supervisor's own end. */
        record End(ExitReason reason) implements Operation {}
    }
}
