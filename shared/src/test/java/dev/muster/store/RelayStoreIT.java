package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.store.RelayStore.Cursor;
import dev.muster.store.RelayStore.Page;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RelayStoreIT {
    private static final Cursor START = new Cursor("0", 0);
    private static final int KILOBYTE = 1 << 10;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String INSERT =
            "INSERT INTO job_history (job_id, queue, partition, record_offset, type, state,"
                    + " attempt, failures, recoveries, submitted_at, claimed_at";

    private final OwnershipFixture db;
    private final RelayStore relay;

    RelayStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.relay = new RelayStore(db.database());
    }

    @BeforeEach
    void clear() {
        db.execute("TRUNCATE job_history, job_attempt");
    }

    @AfterAll
    void close() {
        db.close();
    }

    /** A thousand of them with a megabyte each would be more than the coordinator's heap. */
    @Test
    void a_page_ends_with_the_row_that_takes_it_above_its_bytes() {
        ended("dead", 5, KILOBYTE);

        Page first = relay.next(START, 100, 2 * KILOBYTE);
        assertThat(first.rows()).hasSize(2);
        assertThat(first.isFull()).isTrue();
        Page second = relay.next(first.rows().getLast().place(), 100, 3 * KILOBYTE - 1);
        assertThat(second.rows()).hasSize(3);
        assertThat(second.isFull()).isTrue();
        assertThat(relay.next(second.rows().getLast().place(), 100, 1).rows()).isEmpty();
    }

    /** A record that is too large may be so by its headers. */
    @Test
    void keys_headers_and_results_count_too() {
        db.execute(INSERT + ", record_key, headers, result) SELECT gen_random_uuid(), 'q', 0, 0, 't', 'dead', 1, 0, 0,"
                + " now(), now(), decode(repeat('00', 400), 'hex'), decode(repeat('00', 400), 'hex'), repeat('x', 400)"
                + " FROM generate_series(1, 3)");
        awaitVisible(3);

        assertThat(relay.next(START, 100, 1_200).rows()).hasSize(1);
        assertThat(relay.next(START, 100, 1_201).rows()).hasSize(2);
    }

    @Test
    void rows_of_both_tables_come_in_their_order_across_pages() {
        ended("dead", 1, KILOBYTE);
        db.execute("INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, started_at)"
                + " VALUES (gen_random_uuid(), 'q', 't', 1, 'w.1', 'retried', now())");
        ended("dead", 1, KILOBYTE);

        Page first = relay.next(START, 100, KILOBYTE);
        assertThat(first.rows()).extracting(RelayStore.Row::isFinal).containsExactly(true);
        Page rest = relay.next(first.rows().getLast().place(), 100, KILOBYTE);
        assertThat(rest.rows()).extracting(RelayStore.Row::isFinal).containsExactly(false, true);
    }

    @Test
    void one_row_comes_however_large_it_is() {
        ended("dead", 2, 100 * KILOBYTE);

        assertThat(relay.next(START, 100, 1).rows()).hasSize(1);
    }

    @Test
    void only_a_dead_jobs_bytes_are_fetched() {
        ended("succeeded", 3, KILOBYTE);
        ended("dead", 1, KILOBYTE);

        Page page = relay.next(START, 100, 10 * KILOBYTE);

        assertThat(page.isFull()).isFalse();
        assertThat(page.rows())
                .extracting(row -> row.origin().orElseThrow().payload() == null)
                .containsExactly(true, true, true, false);
    }

    @Test
    void a_page_is_full_with_its_last_row_and_not_before() {
        ended("succeeded", 3, KILOBYTE);

        assertThat(relay.next(START, 3, KILOBYTE).isFull()).isTrue();
        assertThat(relay.next(START, 4, KILOBYTE).isFull()).isFalse();
    }

    /** Short ones come with their row, long ones after it; both as they are. */
    @Test
    void results_come_whole_whatever_their_length() {
        List<Integer> lengths = List.of(1, 127, 128, 129, 300);
        for (int length : lengths) {
            db.execute(
                    INSERT + ", result) VALUES (gen_random_uuid(), 'q', 0, 0, 't', 'succeeded', 1, 0, 0, now(), now(),"
                            + " repeat('é', " + length + "))");
        }
        awaitVisible(lengths.size());

        assertThat(relay.next(START, 100, 10 * KILOBYTE).rows())
                .extracting(row -> row.outcome().result())
                .containsExactlyElementsOf(lengths.stream().map("é"::repeat).toList());
    }

    @Test
    void an_empty_record_is_no_missing_one() {
        db.execute(
                INSERT + ", record_key, payload, headers) VALUES (gen_random_uuid(), 'q', 0, 0, 't', 'dead', 1, 0, 0,"
                        + " now(), now(), '', '', '')");
        awaitVisible(1);

        assertThat(relay.next(START, 100, KILOBYTE).rows().getFirst().origin().orElseThrow())
                .satisfies(origin -> assertThat(origin.payload()).isEmpty())
                .satisfies(origin -> assertThat(origin.key()).isEmpty());
    }

    private void ended(String state, int count, int bytes) {
        long before = db.count("SELECT (SELECT count(*) FROM job_history) + (SELECT count(*) FROM job_attempt)");
        db.execute(INSERT + ", payload) SELECT gen_random_uuid(), 'q', 0, 0, 't', '" + state
                + "', 1, 0, 0, now(), now(), convert_to(repeat('x', " + bytes + "), 'UTF8') FROM generate_series(1, "
                + count + ")");
        awaitVisible(before + count);
    }

    /** Rows count once every older transaction has ended, and Postgres has some of its own. */
    private void awaitVisible(long rows) {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> relay.next(START, 1_000, Integer.MAX_VALUE).rows().size() == rows);
    }
}
