package dev.muster.embedded.sandbox;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The answers given so far by idempotency key, and the keys whose request is being worked on.
 *
 * <p>Source: Stripe, "Idempotent requests": once execution began the first answer is stored, errors included, and given
 * again; the same key with other parameters is an error; refusals before execution are not stored.
 *
 * <p>Thread-safety: thread-safe.
 */
final class IdempotencyStore {
    private final ConcurrentMap<String, Slot> slots = new ConcurrentHashMap<>();

    /** Takes a key for a request, or says why not. */
    Claim claim(String key, String fingerprint) {
        Slot taken = slots.putIfAbsent(key, new Slot.InFlight(fingerprint));
        return switch (taken) {
            case null -> new Claim.Mine();
            case Slot.InFlight(String first) when first.equals(fingerprint) -> new Claim.InUse();
            case Slot.Done(String first, Answer answer) when first.equals(fingerprint) -> new Claim.Replay(answer);
            case Slot.InFlight _, Slot.Done _ -> new Claim.OtherParameters();
        };
    }

    /** Keeps the answer of a claimed key. */
    void store(Entry.Stored stored) {
        slots.put(stored.key(), new Slot.Done(stored.fingerprint(), stored.answer()));
    }

    /** Frees a claimed key whose request was not executed; one that was keeps its answer. */
    void release(String key) {
        slots.computeIfPresent(key, (_, slot) -> slot instanceof Slot.InFlight ? null : slot);
    }

    /** What a request finds under its key. */
    sealed interface Claim {
        /** Nothing: it may be executed. */
        record Mine() implements Claim {}

        /** The answer of the first request. */
        record Replay(Answer answer) implements Claim {}

        /** The first request is not answered yet. */
        record InUse() implements Claim {}

        /** The first request asked for something else. */
        record OtherParameters() implements Claim {}
    }

    private sealed interface Slot {
        record InFlight(String fingerprint) implements Slot {}

        record Done(String fingerprint, Answer answer) implements Slot {}
    }
}
