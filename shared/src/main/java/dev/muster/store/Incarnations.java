package dev.muster.store;

import dev.muster.fleet.Incarnation;
import dev.muster.store.IncarnationStore.Fenced;
import dev.muster.store.IncarnationStore.OwnRow;

/** What a worker asks and says of lives, its own and others'. Throws {@link StoreException}. Thread-safe. */
public interface Incarnations {

    /** How the own row looks. */
    OwnRow ownRow(Incarnation me);

    /**
     * Says for good that an incarnation is dead, by the group's word or one's own; while a coordinator leads, that is
     * for it to say, except about oneself.
     *
     * @param by who says so
     */
    Fenced fence(Incarnation incarnation, String reason, Incarnation by);

    /** Renews the lease by which a worker that has left its group says that its jobs still run: 3 s from now. */
    void renewDrain(Incarnation me);
}
