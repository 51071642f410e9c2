package dev.muster.worker.execution;

import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What must be true before a job may touch the world outside. Thread-safe. */
@FunctionalInterface
public interface EffectGuard {

    /**
     * Returns once this worker has seen itself alive in Postgres within the trust window; at once, as a rule.
     *
     * @throws InterruptedException if the run is to end
     */
    void awaitTrust() throws InterruptedException;

    /** Stores intents before their calls. */
    @FunctionalInterface
    interface Intents {
        /** Completes when the intent is durable; empty when the job is not ours any more. */
        CompletableFuture<Optional<Intent>> intend(IntentRequest request);
    }
}
