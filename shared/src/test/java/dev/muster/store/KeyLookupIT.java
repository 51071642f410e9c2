package dev.muster.store;

import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Who looks for a key reads what waits of it, whatever Postgres has counted last. Where few keys waited just then, it takes any
 * of them to have much, and would as soon look through all that waits in the queue.
 */
@ExtendWith(EmbeddedServers.class)
final class KeyLookupIT {
    private static final int WAITING = 400;
    private static final String LOOKS = "SELECT pg_stat_get_xact_numscans('job_waiting_key'::regclass)";
    private static final String READ = "SELECT pg_stat_get_xact_tuples_returned('job_waiting_due'::regclass)";

    private final OwnershipFixture db;
    private final String queue;
    private final Actor owner;

    KeyLookupIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.queue = db.queue(Ordering.KEY, Optional.empty());
        this.owner = db.worker();
    }

    @AfterEach
    void close() {
        db.close();
    }

    @Test
    void where_one_key_has_all_that_waits_a_claim_and_a_settle_of_others_read_none_of_it() throws SQLException {
        PartitionEpoch partition = new PartitionEpoch(queue, 0, 1);
        owner.takes(partition);
        owner.claims(
                partition,
                0,
                IntStream.rangeClosed(0, WAITING)
                        .mapToObj(i -> keyed(i, queue + i, "hot"))
                        .toArray(Claim.Entry[]::new));
        db.execute("ANALYZE job_waiting");

        try (Connection connection = db.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            long looks = first(statement, LOOKS);
            long read = first(statement, READ);
            assertThat(first(statement, """
                    SELECT array_length(waits, 1)
                    FROM (
                        SELECT array_agg(1) AS ones, array_agg(i::bigint) AS offsets, array_agg(gen_random_uuid()) AS ids,
                            array_agg('test'::text) AS types, array_agg('key ' || i) AS keys,
                            array_agg(NULL::integer) AS failures, array_agg(NULL::timestamptz) AS deadlines,
                            array_agg(now()) AS times, array_agg(''::bytea) AS bytes
                        FROM generate_series(1001, 1100) i) r
                    CROSS JOIN LATERAL claim_keyed('%1$s', ARRAY['%2$s'], ARRAY[0], r.ones, r.offsets, r.ids, r.types, r.keys,
                        r.failures, r.deadlines, r.times, r.bytes, r.bytes, r.bytes, r.bytes, '{}', '{}') c
                    """.formatted(owner.me().id(), queue))).isEqualTo(100);
            assertThat(first(statement, """
                    SELECT coalesce(array_length(f.order_keys, 1), 0)
                    FROM freed_keys(array_fill('%s'::text, ARRAY[100]), ARRAY(SELECT 'key ' || i FROM generate_series(1, 100) i)) f
                    """.formatted(queue))).isZero();

            assertThat(first(statement, LOOKS) - looks).as("looks for a key").isEqualTo(200);
            assertThat(first(statement, READ) - read)
                    .as("entries read of what waits for its time")
                    .isZero();
            connection.rollback();
        }
    }

    private static long first(Statement statement, String sql) throws SQLException {
        try (var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
