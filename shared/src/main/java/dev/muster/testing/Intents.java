package dev.muster.testing;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A job's steps as they outlive its runs: a step keeps its key, and is open while nobody knows what came of its last call.
 * Thread-safe: guarded by itself.
 */
final class Intents {
    private final JobId job;
    /** Since when a step is open; empty: its call was answered. */
    private final Map<String, Optional<Instant>> steps = new HashMap<>();

    Intents(JobId job) {
        this.job = job;
    }

    /** The key that Postgres would give to this step: {@code intend} in the migrations. */
    String key(String step) {
        return "muster:" + job + ":" + step + ":1";
    }

    /** Before a call: since when an earlier one has had no answer. */
    synchronized Optional<Instant> open(String step, Instant now) {
        Optional<Instant> before = steps.getOrDefault(step, Optional.empty());
        steps.put(step, Optional.of(before.orElse(now)));
        return before;
    }

    synchronized void close(Collection<String> answered) {
        answered.forEach(step -> steps.put(step, Optional.empty()));
    }

    synchronized boolean isAnyOpen() {
        return steps.values().stream().anyMatch(Optional::isPresent);
    }
}
