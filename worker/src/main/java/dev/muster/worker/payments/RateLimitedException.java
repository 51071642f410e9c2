package dev.muster.worker.payments;

import dev.muster.job.NothingDoneException;
import java.time.Duration;
import java.util.Optional;

/** The provider limits our rate: it has done nothing, and the same request may work later. */
final class RateLimitedException extends NothingDoneException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> after;

    /** @param after how long it wants to be left alone; empty: it did not say */
    RateLimitedException(Optional<Duration> after) {
        super("the provider limits our rate");
        this.after = after;
    }

    Optional<Duration> after() {
        return after;
    }
}
