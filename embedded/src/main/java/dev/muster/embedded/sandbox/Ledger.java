package dev.muster.embedded.sandbox;

import dev.muster.embedded.sandbox.Entry.Stored;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All intents, charges and refunds, and the journal they are read back from. A command is decided, journaled and applied
 * under one lock, so that the journal's order is the order of the truth.
 *
 * <p>Thread-safety: thread-safe; guarded by {@code lock}, and so are the shelves it hands to commands.
 */
final class Ledger implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Shelf<PaymentIntent> intents = new Shelf<>();
    private final Shelf<Charge> charges = new Shelf<>();
    private final Shelf<Refund> refunds = new Shelf<>();
    private final IdempotencyStore idempotency;
    private final Journal journal;

    /** Opens the ledger kept in a file, and fills the idempotency store with the answers kept there. */
    Ledger(Path file, IdempotencyStore idempotency) throws IOException {
        this.idempotency = idempotency;
        this.journal = Journal.open(file, this::apply);
    }

    /**
     * Decides a command and makes its outcome last before the answer is known to anyone.
     *
     * @param key the idempotency key to store the answer for
     * @param failAfterCommit answer, and store, a 500 in place of what was done
     */
    Answer execute(Supplier<Outcome> command, Optional<KeyUse> key, boolean failAfterCommit) {
        lock.lock();
        try {
            Outcome outcome = command.get();
            Answer answer = failAfterCommit ? Answer.internalError() : outcome.answer();
            Entry entry = Entry.of(outcome, key.map(used -> new Stored(used.value(), used.fingerprint(), answer)));
            journal.append(entry);
            apply(entry);
            return answer;
        } finally {
            lock.unlock();
        }
    }

    /** Reads under the lock. */
    <T> T read(Supplier<T> query) {
        lock.lock();
        try {
            return query.get();
        } finally {
            lock.unlock();
        }
    }

    /** Every charge ever attempted, oldest first. */
    List<Charge> allCharges() {
        return read(charges::all);
    }

    Shelf<PaymentIntent> intents() {
        return intents;
    }

    Shelf<Charge> charges() {
        return charges;
    }

    Shelf<Refund> refunds() {
        return refunds;
    }

    /** Waits for the command under way and closes the journal; whoever comes later gets an error, not an answer. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            journal.close();
        } finally {
            lock.unlock();
        }
    }

    private void apply(Entry entry) {
        if (entry.intent() != null) {
            intents.put(entry.intent().id(), entry.intent());
        }
        if (entry.charge() != null) {
            charges.put(entry.charge().id(), entry.charge());
        }
        if (entry.refund() != null) {
            refunds.put(entry.refund().id(), entry.refund());
        }
        if (entry.stored() != null) {
            idempotency.store(entry.stored());
        }
    }

    /** What a command changed, and its answer. */
    record Outcome(
            Answer answer,
            @Nullable PaymentIntent intent,
            @Nullable Charge charge,
            @Nullable Refund refund) {}

    /** An idempotency key and what its request asked for. */
    record KeyUse(String value, String fingerprint) {}
}
