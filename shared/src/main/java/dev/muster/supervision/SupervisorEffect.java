package dev.muster.supervision;

/** What a supervisor wants done, in the order of the list. */
public sealed interface SupervisorEffect {

    /** Something done to a child. There is never more than one under way: the next waits for the outcome of this. */
    sealed interface Action extends SupervisorEffect {
        ChildSpec child();

        Pid pid();
    }

    /** Start the child. The outcome is a {@link SupervisorEvent.StartResult} with this pid. */
    record Start(ChildSpec child, Pid pid) implements Action {}

    /** Stop the child as its {@link Shutdown} says. The outcome is {@link SupervisorEvent.Message.Exited}. */
    record Stop(ChildSpec child, Pid pid) implements Action {}

    /** All children have been started: the supervisor's own start has succeeded. */
    record Initialized() implements SupervisorEffect {}

    /** The reply to a call. */
    record Answer(CallId to, Reply reply) implements SupervisorEffect {}

    /** Something that operators may want to know, OTP's supervisor report. Nothing depends on it. */
    record Report(Context context, ChildSpec offender, ExitReason reason) implements SupervisorEffect {}

    /** The supervisor has ended, and all its children before it. Without {@link Initialized}, its start has failed. */
    record Exit(ExitReason reason) implements SupervisorEffect {}

    /** What a report is about. */
    enum Context {
        /** A child ended by itself, though it should not have. */
        CHILD_TERMINATED,
        /** A child could not be started. */
        START_ERROR,
        /** A child was stopped, and ended for another reason. */
        SHUTDOWN_ERROR,
        /** The restart of this child was one too many; the supervisor gives up. */
        SHUTDOWN
    }
}
