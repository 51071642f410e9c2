package dev.muster.job;

import java.time.Duration;
import java.util.Objects;

/**
 * Thrown by a handler, or by what it calls before anything was sent, when the job can't run now for a reason that is not
 * its own: it is parked.
 */
public final class ParkedException extends NothingDoneException {
    private static final long serialVersionUID = 1L;

    private final Duration recheck;

    /**
     * Parks the job without spending a failure.
     *
     * @param reason why, such as "the circuit to stripe is open"
     * @param recheck when it is tried again
     */
    public ParkedException(String reason, Duration recheck) {
        super(reason);
        this.recheck = Objects.requireNonNull(recheck, "recheck");
    }

    public Duration recheck() {
        return recheck;
    }
}
