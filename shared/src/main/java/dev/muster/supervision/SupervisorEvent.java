package dev.muster.supervision;

/** What a supervisor is told. */
public sealed interface SupervisorEvent {

    /** How the start that the supervisor waits for went. Any other is of the past and changes nothing. */
    sealed interface StartResult extends SupervisorEvent {
        /** From the {@link SupervisorEffect.Start} that this answers. */
        Pid pid();

        /** {@code {ok, Pid}}. */
        record Started(Pid pid) implements StartResult {}

        /** {@code ignore}: there is no process, and that is no fault. */
        record Ignored(Pid pid) implements StartResult {}

        /** {@code {error, Reason}}. */
        record Failed(Pid pid, ExitReason reason) implements StartResult {}
    }

    /** What comes into the mailbox. A supervisor that is starting or stopping children reads it afterwards. */
    sealed interface Message extends SupervisorEvent {

        /** A child has ended, by itself or because it was stopped: {@code {'EXIT', Pid, Reason}}. */
        record Exited(Pid pid, ExitReason reason) implements Message {}

        /** Somebody asks; a {@link SupervisorEffect.Answer} follows. */
        record Call(CallId from, Request request) implements Message {}

        /** The parent wants the supervisor to end: {@code {'EXIT', Parent, Reason}}. */
        record Terminate(ExitReason reason) implements Message {}

        /**
         * The supervisor's own note that a restart has failed: {@code {try_again_restart, Id}}. It lies behind what had
         * come in before, so a child whose start always fails can't keep a supervisor from its other work.
         */
        record TryAgainRestart(String id) implements Message {}
    }
}
