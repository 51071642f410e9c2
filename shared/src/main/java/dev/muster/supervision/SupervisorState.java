package dev.muster.supervision;

import dev.muster.supervision.SupervisorEvent.Message;
import java.util.List;

/**
 * All that a supervisor remembers. Immutable.
 *
 * @param flags what it goes by
 * @param children in start order
 * @param restarts those that count against the intensity
 * @param phase what it is doing
 * @param mailbox messages that it has not read yet, oldest first
 */
public record SupervisorState(
        SupervisorFlags flags, Children children, RestartWindow restarts, Phase phase, List<Message> mailbox) {

    public SupervisorState {
        mailbox = List.copyOf(mailbox);
    }

    /** A supervisor that has done nothing yet. */
    static SupervisorState initial(SupervisorSpec spec) {
        return new SupervisorState(
                spec.flags(), Children.unstarted(spec.children()), RestartWindow.empty(), new Phase.Idle(), List.of());
    }
}
