package dev.muster.supervision;

import java.util.List;

/** What a supervisor answers to a {@link Request}. */
public sealed interface Reply {

    /** Done: {@code ok}. */
    record Ok() implements Reply {}

    /** The child runs: {@code {ok, Pid}}. */
    record Started(Pid pid) implements Reply {}

    /** The start said ignore, so there is no process: {@code {ok, undefined}}. */
    record Ignored() implements Reply {}

    /** The start failed: {@code {error, Reason}}. A new child is forgotten; a known one stays as it was. */
    record StartFailed(ExitReason reason) implements Reply {}

    /** A child of this id runs, so no other was started: {@code {error, {already_started, Pid}}}. */
    record AlreadyStarted(Pid pid) implements Reply {}

    /** Nothing was done: {@code {error, Why}}. */
    record Refused(Refusal why) implements Reply {}

    /** The answer to {@code get_childspec}. */
    record Spec(ChildSpec child) implements Reply {}

    /** The answer to {@code which_children}, in start order. */
    record Listed(List<Child> children) implements Reply {
        public Listed {
            children = List.copyOf(children);
        }
    }

    /**
     * The answer to {@code count_children}.
     *
     * @param specs children, dead or alive
     * @param active those with a live process
     * @param supervisors those of type supervisor, dead or alive
     * @param workers those of type worker, dead or alive
     */
    record Counted(int specs, int active, int supervisors, int workers) implements Reply {}

    /** Why nothing was done. */
    enum Refusal {
        /** There is no child of this id. */
        NOT_FOUND,
        /** The child is running. */
        RUNNING,
        /** A restart of the child is being tried again and again. */
        RESTARTING,
        /** A child of this id is known, though it isn't running. */
        ALREADY_PRESENT,
        /** A child can't be significant where {@code auto_shutdown} is {@code never}. */
        BAD_COMBINATION,
        /** The supervisor is gone. */
        NOPROC
    }
}
