package dev.muster.store;

import java.util.Map;

/** Which pools of workers were given up. Thread-safe. */
public final class PoolStore {
    private final Db db;

    public PoolStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * Puts on record that a pool is given up, pauses its queues and opens an incident.
     *
     * @param summary what happened and what to do, for a human
     * @param detail becomes the incident's JSON object
     * @param epoch the leader's
     * @return false when this was on record before, or the epoch is not the leader's any more; nothing was written then
     */
    public boolean giveUp(String pool, String summary, Map<String, ?> detail, long epoch) {
        return db.first(
                        "give up pool " + pool,
                        PoolSql.GIVE_UP,
                        statement -> {
                            statement.setString(1, pool);
                            statement.setString(2, summary);
                            statement.setString(3, IncidentStore.json(detail));
                            statement.setLong(4, epoch);
                        },
                        row -> row.getBoolean("done"))
                .orElseThrow();
    }

    public boolean isGivenUp(String pool) {
        return db.first(
                        "read the standing of pool " + pool,
                        PoolSql.GIVEN_UP,
                        statement -> statement.setString(1, pool),
                        row -> row.getString("pool"))
                .isPresent();
    }

    /**
     * Takes it off the record: the leader starts its workers within a second or two, and the queues that were paused
     * for it go on. So it does with those that were left down since their configuration was wrong.
     *
     * @return false when the pool was not given up and had no such worker
     */
    public boolean restart(String pool) {
        return db.first(
                        "restart pool " + pool,
                        PoolSql.RESTART,
                        statement -> statement.setString(1, pool),
                        row -> row.getBoolean("done"))
                .orElseThrow();
    }
}
