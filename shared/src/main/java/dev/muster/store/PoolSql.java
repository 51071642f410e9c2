package dev.muster.store;

/** The statements of {@link PoolStore}. */
final class PoolSql {
    private PoolSql() {}

    static final String GIVE_UP = """
            SELECT give_up_pool(?, ?, ?::jsonb, ?) AS done
            """;

    static final String RESTART = """
            SELECT restart_pool(?) AS done
            """;

    /** By primary key, 0 or 1 row. */
    static final String GIVEN_UP = """
            SELECT pool FROM pool_given_up WHERE pool = ?
            """;
}
