package dev.muster.local.stack;

import dev.muster.supervision.runtime.ChildStart;
import dev.muster.supervision.runtime.Life;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.Optional;

/**
 * A child's start that has an end. A supervisor's intensity alone gives none to a start that fails slowly: so many failures
 * never fall within its period. After some slow ones in a row the next ones fail without being tried, and the intensity
 * is soon exceeded. Thread-safety: confined to its supervisor's thread.
 */
final class StartAttempts implements ChildStart {
    /** One may be bad luck: a full disk that was emptied meanwhile, a server that recovered for longer than its limit. */
    static final int ENOUGH = 3;

    private final String child;
    private final ChildStart start;
    private final Duration period;
    private final Ticker ticker;
    private int failures;
    private long firstBeganNanos;

    /**
     * @param child its name, for the message
     * @param period the supervisor's; failures within it are left to the intensity
     */
    StartAttempts(String child, ChildStart start, Duration period, Ticker ticker) {
        this.child = child;
        this.start = start;
        this.period = period;
        this.ticker = ticker;
    }

    @Override
    public Optional<Life> start() throws Exception {
        if (isHopeless()) {
            throw new StackException(
                    child + " has failed to start " + failures + " times in a row; it is not tried again");
        }
        long began = ticker.nanos();
        try {
            Optional<Life> life = start.start();
            failures = 0;
            return life;
        } catch (Exception e) {
            if (failures == 0) {
                firstBeganNanos = began;
            }
            failures++;
            throw e;
        }
    }

    private boolean isHopeless() {
        return failures >= ENOUGH && ticker.nanos() - firstBeganNanos > period.toNanos();
    }
}
