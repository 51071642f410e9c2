package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A worker's own life in Postgres: minted, registered, read, ended. Throws {@link StoreException}. Thread-safe. */
public final class IncarnationStore implements Incarnations {
    private final Db db;

    public IncarnationStore(Database database) {
        this.db = new Db(database);
    }

    /** How the own row looks. */
    public enum OwnRow {
        LIVE,
        FENCED,
        /** Not there: the database is another one, or was set back. As bad as fenced. */
        MISSING
    }

    /** What {@link #fence} came to. */
    public enum Fenced {
        FENCED,
        ALREADY,
        UNKNOWN,
        /** A coordinator leads: it decides. */
        LEADER_DECIDES,
        /** It has left its group and says that it lives. */
        DRAINING
    }

    /**
     * A new life for a worker that nobody else starts. Empty while an earlier one is not fenced.
     *
     * @param host where it runs
     */
    public Optional<Incarnation> mint(String worker, String pool, String host) {
        return db.first(
                        "mint an incarnation of " + worker,
                        IncarnationSql.MINT,
                        statement -> {
                            statement.setString(1, worker);
                            statement.setString(2, pool);
                            statement.setString(3, "external");
                            statement.setString(4, host);
                        },
                        row -> row.getString(1))
                .map(Incarnation::new);
    }

    /**
     * Says which process lives this life.
     *
     * @param host its machine's name
     * @param healthHost where others reach its health port
     * @return false: the row is missing, fenced or taken, and the process must end
     */
    public boolean register(
            Incarnation me, String host, long pid, Instant processStartedAt, String healthHost, int healthPort) {
        return db.first(
                        "register " + me,
                        IncarnationSql.REGISTER,
                        statement -> {
                            statement.setString(1, host);
                            statement.setLong(2, pid);
                            statement.setObject(3, Db.timestamp(processStartedAt));
                            statement.setString(4, healthHost);
                            statement.setInt(5, healthPort);
                            statement.setString(6, me.id());
                        },
                        row -> row.getBoolean(1))
                .orElse(false);
    }

    @Override
    public OwnRow ownRow(Incarnation me) {
        List<Boolean> rows = db.query(
                "read the own row of " + me,
                IncarnationSql.OWN_ROW,
                statement -> statement.setString(1, me.id()),
                row -> row.getString(1) != null);
        if (rows.isEmpty()) {
            return OwnRow.MISSING;
        }
        return rows.getFirst() ? OwnRow.FENCED : OwnRow.LIVE;
    }

    @Override
    public Fenced fence(Incarnation incarnation, String reason, Incarnation by) {
        return db.first(
                        "fence " + incarnation,
                        IncarnationSql.FENCE,
                        statement -> {
                            statement.setString(1, incarnation.id());
                            statement.setString(2, reason);
                            statement.setString(3, by.id());
                        },
                        row -> row.getString(1))
                .map(verdict -> Fenced.valueOf(verdict.toUpperCase(java.util.Locale.ROOT)))
                .orElse(Fenced.UNKNOWN);
    }

    @Override
    public void renewDrain(Incarnation me) {
        db.update("renew the drain lease of " + me, IncarnationSql.DRAIN, statement -> statement.setString(1, me.id()));
    }
}
