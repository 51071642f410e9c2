package dev.muster.simulation;

import dev.muster.store.StoreException;
import dev.muster.store.StoreTrouble;

/** Postgres does not answer. */
final class Trouble {
    private Trouble() {}

    static StoreException unreachable() {
        return StoreTrouble.unreachable();
    }
}
