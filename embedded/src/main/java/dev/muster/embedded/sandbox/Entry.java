package dev.muster.embedded.sandbox;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One line of the journal: all that one request changed together with what it was answered, so that no crash separates
 * a charge from the answer stored for its idempotency key.
 */
record Entry(
        @Nullable PaymentIntent intent,
        @Nullable Charge charge,
        @Nullable Refund refund,
        @Nullable Stored stored) {

    /**
     * An answer that a repetition of the request gets again.
     *
     * @param fingerprint of the request's path and parameters
     */
    record Stored(String key, String fingerprint, Answer answer) {}

    static Entry of(Ledger.Outcome outcome, Optional<Stored> stored) {
        return new Entry(outcome.intent(), outcome.charge(), outcome.refund(), stored.orElse(null));
    }
}
