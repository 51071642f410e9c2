package dev.muster.worker.execution;

/** A run whose thread is a simulation's. */
public final class RunStep {
    private RunStep() {}

    /** True once whatever it says is dropped. */
    public static boolean isLost(Run run) {
        return run.isLost();
    }

    /** Its thread has come to its end; true if what it says counts. */
    public static boolean ends(Run run) {
        return switch (run.end()) {
            case COUNTS -> true;
            case LOST, ABANDONED -> false;
        };
    }
}
