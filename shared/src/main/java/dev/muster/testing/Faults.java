package dev.muster.testing;

import java.util.ArrayList;
import java.util.List;

/** What is to go wrong, each once, at the first call of its step that comes to it. Thread-safe: guarded by itself. */
final class Faults {
    private final List<Fault> pending;

    Faults(List<Fault> planned) {
        this.pending = new ArrayList<>(planned);
    }

    record Fault(Kind kind, String step) {}

    enum Kind {
        /** The worker dies when the key is stored and the call is not made. */
        CRASH_BEFORE_CALL,
        /** The worker dies when the call is made and its answer is not noted. */
        CRASH_AFTER_CALL,
        /** The job turns out to be another worker's. */
        LOSE_BEFORE_CALL,
        /** Somebody wants the job to stop. */
        CANCEL_BEFORE_CALL
    }

    /** True once for each that was planned. */
    synchronized boolean strike(Kind kind, String step) {
        return pending.remove(new Fault(kind, step));
    }

    synchronized List<Fault> left() {
        return List.copyOf(pending);
    }
}
