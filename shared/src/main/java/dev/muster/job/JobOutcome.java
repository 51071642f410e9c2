package dev.muster.job;

import java.time.Instant;
import java.util.Optional;

/**
 * How a job ended. Immutable.
 *
 * @param state a final one
 * @param reason a word or a sentence, such as {@code card_declined}
 * @param detail of a failure: class and message
 * @param result what its handler returned; empty: nothing
 * @param attempt how many times it was started
 */
public record JobOutcome(
        JobId id,
        JobState state,
        Optional<String> reason,
        Optional<String> detail,
        String result,
        int attempt,
        Instant settledAt) {

    public JobOutcome {
        if (!state.isFinal()) {
            throw new IllegalArgumentException("state is not final: " + state);
        }
    }

    public boolean succeeded() {
        return state == JobState.SUCCEEDED;
    }
}
