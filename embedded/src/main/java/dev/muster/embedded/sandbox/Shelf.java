package dev.muster.embedded.sandbox;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Things by id, in the order they were first put.
 *
 * <p>Thread-safety: guarded by its {@link Ledger}.
 */
final class Shelf<T> {
    private final List<T> items = new ArrayList<>();
    private final Map<String, Integer> positions = new HashMap<>();

    void put(String id, T item) {
        Integer position = positions.putIfAbsent(id, items.size());
        if (position == null) {
            items.add(item);
        } else {
            items.set(position, item);
        }
    }

    Optional<T> find(String id) {
        return Optional.ofNullable(positions.get(id)).map(items::get);
    }

    List<T> all() {
        return List.copyOf(items);
    }

    /** At most {@code limit} items that match, newest first, older than the one named when one is. */
    List<T> page(Optional<String> startingAfter, int limit, Predicate<T> matches) {
        int from = startingAfter.map(id -> positions.getOrDefault(id, 0)).orElse(items.size());
        List<T> page = new ArrayList<>();
        for (int i = from - 1; i >= 0 && page.size() < limit; i--) {
            if (matches.test(items.get(i))) {
                page.add(items.get(i));
            }
        }
        return page;
    }
}
