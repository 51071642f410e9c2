package dev.muster.coordinator.quarantine;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.fleet.ExitCode;
import java.util.Set;

/** Whose fault the end of a worker may be. */
public enum Blame {
    /** Muster's, an operator's, the worker's own parts', or nobody knows: it says nothing of the jobs in flight. */
    NOBODY,
    /** It was killed, and whether by the kernel for its memory or by a person can't be told. */
    PERHAPS_A_JOB,
    /** The process ended by itself, without a word: one of the jobs in flight may have done it. */
    A_JOB;

    private static final int BY_SIGNAL = 128;
    private static final int SIGKILL = 9;
    /** Hangup, interrupt, terminate: what people and init systems send. */
    private static final Set<Integer> REQUESTS = Set.of(1, 2, 15);

    /**
     * Of a process that has ended. A worker that ends by its own decision, such as when its parts break again and again,
     * leaves a reason behind; a job that ends the process does not let it.
     *
     * @param wanted its supervisor has stopped it
     * @param witnessed its end was seen; what was found gone may have gone with its host
     */
    public static Blame ofExit(ExitReport report, boolean wanted, boolean witnessed) {
        if (wanted || !witnessed || report.reason().isPresent() || report.is(ExitCode.BAD_CONFIGURATION)) {
            return NOBODY;
        }
        if (report.code().isEmpty()) {
            return PERHAPS_A_JOB; // not our child, so nobody says with which code
        }
        int signal = report.code().getAsInt() - BY_SIGNAL;
        if (REQUESTS.contains(signal)) {
            return NOBODY;
        }
        return signal == SIGKILL ? PERHAPS_A_JOB : A_JOB;
    }
}
