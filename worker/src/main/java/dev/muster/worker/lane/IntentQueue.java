package dev.muster.worker.lane;

import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** What steps intend and wait to have stored, before their calls. Confined to the lane's thread. */
final class IntentQueue {
    private static final int BATCH = 1_000;

    private final LaneParts parts;
    private final List<LaneEvent.Intending> waiting = new ArrayList<>();

    IntentQueue(LaneParts parts) {
        this.parts = parts;
    }

    void add(LaneEvent.Intending wish) {
        waiting.add(wish);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Stores them and says so, but for those that may not be stored yet. */
    void store(Predicate<IntentRequest> may) {
        List<LaneEvent.Intending> batch = waiting.stream()
                .filter(wish -> may.test(wish.request()))
                .limit(BATCH)
                .toList();
        if (batch.isEmpty()) {
            return;
        }
        long started = parts.ticker().nanos();
        List<Intent> stored = parts.store()
                .intend(batch.stream().map(LaneEvent.Intending::request).toList());
        parts.meters().database("intend", started);
        Map<String, Intent> byStep = new HashMap<>();
        stored.forEach(intent -> byStep.put(intent.id() + "/" + intent.step(), intent));
        for (LaneEvent.Intending wish : batch) {
            IntentRequest request = wish.request();
            wish.answer().complete(Optional.ofNullable(byStep.get(request.id() + "/" + request.step())));
        }
        waiting.removeAll(Set.copyOf(batch));
    }

    /** The lane ends: whoever waits for an intent waits in vain. */
    void abandon() {
        waiting.forEach(wish -> wish.answer().completeExceptionally(new IllegalStateException("its lane has ended")));
        waiting.clear();
    }
}
