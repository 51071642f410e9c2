package dev.muster.store;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** The lease under which one of the coordinators leads. Thread-safe. */
public final class LeaseStore {
    private final Db db;

    public LeaseStore(Database database) {
        this.db = new Db(database);
    }

    /** Who leads, and under which epoch. */
    public record Lease(String holder, long epoch) {}

    /**
     * Takes the lease or renews it.
     *
     * @return the epoch of the lease; empty while somebody else holds it
     * @throws StoreException if Postgres can't say
     */
    public OptionalLong lead(String holder, Duration ttl) {
        Optional<Long> epoch = db.first(
                "take the lease of the coordinators as " + holder,
                LeaseSql.LEAD,
                statement -> {
                    statement.setString(1, holder);
                    statement.setLong(2, ttl.toMillis());
                },
                row -> row.getObject("epoch", Long.class));
        return epoch.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    /** Gives the lease up if it is still held at this epoch. */
    public void resign(String holder, long epoch) {
        db.update("give up the lease of epoch " + epoch, LeaseSql.RESIGN, statement -> {
            statement.setString(1, holder);
            statement.setLong(2, epoch);
        });
    }

    /** The lease that is fresh now, if there is one. */
    public Optional<Lease> current() {
        return db.first(
                "read the lease of the coordinators",
                LeaseSql.CURRENT,
                statement -> {},
                row -> new Lease(row.getString("holder"), row.getLong("epoch")));
    }
}
