package dev.muster.supervision;

import java.util.List;

/**
 * Erlang/OTP's supervisor as a function: from its state and what it is told follow its next state and what is to be
 * done. It starts no process, reads no clock and has no thread; whoever calls it carries out the effects in order and
 * reports the outcomes as events. One supervisor's events are given to it one after the other.
 *
 * <p>A supervisor does one thing at a time. While it waits for a child to start or stop, messages stay in its mailbox,
 * which is part of its state; so an exit, a call or a shutdown may be reported at any moment and is dealt with in its
 * turn, as in OTP.
 *
 * <p>A tree is made of supervisors that are children of others: {@link SupervisorEffect.Start} of a child of type
 * supervisor is its {@link #init}, {@link SupervisorEffect.Stop} its {@link SupervisorEvent.Message.Terminate}, and its
 * {@link SupervisorEffect.Exit} the parent's {@link SupervisorEvent.Message.Exited}, or a
 * {@link SupervisorEvent.StartResult.Failed} if it comes before {@link SupervisorEffect.Initialized}.
 *
 * <p>Source: OTP 25, {@code supervisor.erl}. Its traces are the tests.
 */
public final class SupervisorDecider {
    private SupervisorDecider() {}

    /** What to remember, and what to do. */
    public record Decision(SupervisorState next, List<SupervisorEffect> effects) {
        public Decision {
            effects = List.copyOf(effects);
        }
    }

    /** The supervisor's start: its children are started in order. */
    public static Decision init(SupervisorSpec spec) {
        // A start is no restart, so the time is of no account.
        return new SupervisorTurn(SupervisorState.initial(spec), 0).init();
    }

    /**
     * Something has happened.
     *
     * @param nowNanos the monotonic clock; never less than in an earlier call
     */
    public static Decision decide(SupervisorState state, SupervisorEvent event, long nowNanos) {
        return new SupervisorTurn(state, nowNanos).take(event);
    }
}
