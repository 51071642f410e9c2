package dev.muster.supervision.runtime;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Names of lives. A name has at most one, and is free the moment that one has ended.
 *
 * <p>Source: Elixir, {@code Registry}, keys {@code :unique}. Thread-safe.
 */
public final class Registry<L extends Life> {
    private final Map<String, L> byName = new ConcurrentHashMap<>();

    /** False when somebody else has the name. */
    public boolean register(String name, L life) {
        L holder = byName.compute(
                name, (_, other) -> other == null || other.onExit().isDone() ? life : other);
        if (!holder.equals(life)) {
            return false;
        }
        var _ = life.onExit().thenRun(() -> byName.remove(name, life));
        return true;
    }

    public Optional<L> find(String name) {
        return Optional.ofNullable(byName.get(name))
                .filter(life -> !life.onExit().isDone());
    }
}
