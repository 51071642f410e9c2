package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;

/** A supervisor did not start, since one of its children did not; those before it were stopped again. */
public final class SupervisorStartException extends Exception {
    private static final long serialVersionUID = 1;
    private final transient ExitReason reason;

    SupervisorStartException(String path, ExitReason reason) {
        super("supervisor " + path + " did not start: " + reason);
        this.reason = reason;
    }

    public ExitReason reason() {
        return reason;
    }
}
