package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.Submission;
import dev.muster.store.SubmissionStore.Waiting;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.util.PSQLException;

/** {@code muster.submit} and the outbox that it writes. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SubmissionStoreIT {
    private final OwnershipFixture db;
    private final PostgresDatabase postgres;
    private final SubmissionStore store;
    private final String queue;

    SubmissionStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.postgres = postgres;
        this.store = new SubmissionStore(db.database());
        this.queue = db.queue(Ordering.KEY, Optional.empty());
    }

    @BeforeEach
    void empty() {
        db.execute("DELETE FROM submission");
        db.execute("UPDATE submission_relay SET epoch = 0, batch = NULL, max_bytes = 262144");
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_submission_says_what_it_would_say_over_kafka() throws Exception {
        String id = answer("SELECT muster.submit(queue => '" + queue + "', type => 'payment.charge', "
                + "data => '{\"amount\": 1999}', key => 'cus_7', id => 'order-42', source => '/shop', "
                + "run_at => '2030-01-02 03:04:05+01', deadline => '2030-01-03 00:00:00Z', max_attempts => 4, "
                + "retry_base => '1500 ms', retry_cap => '2 min', unique_key => 'u', limit_key => 'l')");

        assertThat(id).isEqualTo(JobId.of("/shop", "order-42").toString());
        Waiting waiting = store.next(10).getFirst();
        ProducerRecord<byte[], byte[]> record = waiting.submission().toRecord(waiting.queue());
        assertThat(waiting.isQueue()).isTrue();
        assertThat(waiting.submission().key()).contains("cus_7");
        assertThat(new String(record.value(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("{\"amount\": 1999}");
        assertThat(Envelope.read(record.headers(), record.value()))
                .isEqualTo(new Envelope.Job(
                        Optional.of(new Envelope.Identity("/shop", "order-42")),
                        "payment.charge",
                        Optional.of(Instant.parse("2030-01-02T02:04:05Z")),
                        Optional.of(Instant.parse("2030-01-03T00:00:00Z")),
                        new NewJob.Retries(
                                Optional.of(4),
                                Optional.of(Duration.ofMillis(1500)),
                                Optional.of(Duration.ofMinutes(2))),
                        Optional.of("u"),
                        Optional.of("l")));
    }

    @ParameterizedTest
    @CsvSource({"shop,1", "/muster/jobs/0b8c5e9e-1111-8bbb-8ccc-000000000001,receipt", "übung,❤ 7"})
    void the_id_is_the_one_that_every_process_computes(String source, String id) throws Exception {
        assertThat(answer("SELECT job_id_of('" + source + "', '" + id + "')"))
                .isEqualTo(JobId.of(source, id).toString());
    }

    @Test
    void a_transaction_that_is_rolled_back_submits_nothing_and_one_that_commits_all() throws Exception {
        try (Connection connection = db.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(submit("gone"));
            connection.rollback();
            statement.execute(submit("1"));
            statement.execute("SAVEPOINT s");
            statement.execute(submit("not this one"));
            statement.execute("ROLLBACK TO SAVEPOINT s");
            statement.execute(submit("2"));
            assertThat(ids()).as("not committed yet").isEmpty();
            connection.commit();
        }
        assertThat(ids()).containsExactly("1", "2");
    }

    /** By sequence alone the second would be read, removed up to its place, and the first be lost. */
    @Test
    void nothing_is_stepped_over_that_commits_late() throws Exception {
        try (Connection first = db.connect();
                Statement early = first.createStatement()) {
            first.setAutoCommit(false);
            early.execute(submit("first, commits last"));
            db.execute(submit("second, commits first"));
            assertThat(ids()).isEmpty();
            first.commit();
        }
        assertThat(ids()).containsExactly("first, commits last", "second, commits first");
    }

    @Test
    void rows_go_when_their_batch_has_arrived_and_only_under_the_leaders_epoch() {
        db.execute(submit("1"));
        db.execute(submit("2"));
        assertThat(store.take(7, 262_144)).isPresent();
        List<Waiting> batch = store.next(1);
        UUID id = UUID.randomUUID();
        assertThat(store.prepare(6, id, batch.getLast().place()))
                .as("an older epoch")
                .isFalse();
        assertThat(store.prepare(7, id, batch.getLast().place())).isTrue();

        assertThat(store.take(8, 262_144))
                .hasValueSatisfying(taken -> assertThat(taken.lastBatch()).contains(id));
        assertThat(store.take(7, 262_144)).as("deposed").isEmpty();
        assertThat(store.finish(7, id)).isZero();
        assertThat(store.finish(8, UUID.randomUUID())).as("another batch").isZero();
        assertThat(store.refuse(
                        7, List.of(new SubmissionStore.Refusal(batch.getFirst().place(), "x"))))
                .isZero();
        assertThat(store.finish(8, id)).isEqualTo(1);
        assertThat(ids()).containsExactly("2");

        assertThat(store.refuse(
                        8,
                        List.of(new SubmissionStore.Refusal(
                                store.next(1).getFirst().place(), "too large"))))
                .isEqualTo(1);
        assertThat(ids()).as("set aside").isEmpty();
        assertThat(db.count("SELECT count(*) FROM submission WHERE refused = 'too large'"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "queue => 'none', type => 't', data => '1'                            | 22023 | there is no queue 'none'",
                "queue => NULL, type => 't', data => '1'                              | 22023 | there is no queue",
                "queue => '%q', type => 'no type!', data => '1'                       | 22023 | type has letters",
                "queue => '%q', type => NULL, data => '1'                             | 22023 | type has letters",
                "queue => '%q', type => 't', data => '{oops'                          | 22P02 | invalid input syntax for type json",
                "queue => '%q', type => 't', data => NULL                             | 22023 | data is null",
                "queue => '%q', type => 't', data => '1', id => ''                    | 22023 | source and id",
                "queue => '%q', type => 't', data => '1', source => NULL              | 22023 | source and id",
                "queue => '%q', type => 't', data => '1', max_attempts => 0           | 22023 | max_attempts",
                "queue => '%q', type => 't', data => '1', run_at => 'infinity'        | 22023 | run_at",
                "queue => '%q', type => 't', data => '1', retry_base => '-1 s'        | 22023 | retry_base",
                "queue => '%q', type => 't', data => '1', unique_key => ''            | 22023 | unique_key",
                "queue => '%q', type => 't', data => '1', limit_key => repeat('x',201)| 22023 | limit_key",
                "queue => '%q', type => 't', data => '1', key => repeat('x',1025)     | 22023 | key has at most",
                "queue => '%q', type => 't', data => to_jsonb(repeat('x',262144))     | 54000 | more than 262144",
            })
    void what_can_be_no_job_is_an_error_of_the_callers_statement(String terms, String state, String message) {
        assertThatThrownBy(() -> answer("SELECT muster.submit(" + terms.replace("%q", queue) + ")"))
                .isInstanceOfSatisfying(PSQLException.class, e -> {
                    assertThat(e.getSQLState()).isEqualTo(state);
                    assertThat(e.getMessage()).contains(message);
                });
        assertThat(ids()).isEmpty();
    }

    @Test
    void the_size_is_judged_as_a_worker_judges_it() throws Exception {
        store.take(1, 2_000);
        String text = "x".repeat(1_500);
        assertThat(answer(submit("fits", text))).isNotNull();
        Submission fits = store.next(1).getFirst().submission();
        assertThat(fits.data()).hasSizeLessThan(2_000);
        assertThatThrownBy(() -> answer(submit("does not", "x".repeat(1_990)))).hasMessageContaining("more than 2000");
    }

    @Test
    void who_may_submit_may_do_nothing_else_here() throws Exception {
        String role = "shop_" + UUID.randomUUID().toString().substring(0, 8);
        db.execute("CREATE ROLE " + role + " LOGIN");
        db.execute("GRANT USAGE ON SCHEMA muster TO " + role);
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA evil_" + role + " AUTHORIZATION " + role);
            statement.execute("SET ROLE " + role);
            assertThatThrownBy(() -> statement.execute(submit("not yet"))).hasMessageContaining("permission denied");

            statement.execute("RESET ROLE");
            db.execute("GRANT EXECUTE ON FUNCTION muster.submit TO " + role);
            statement.execute("SET ROLE " + role);
            // Tables of the caller's own, with the names of Muster's, deceive nobody.
            statement.execute("SET search_path = evil_" + role + ", muster");
            statement.execute("CREATE TABLE evil_" + role + ".queue (name text, ordering text)");
            statement.execute("CREATE TEMP TABLE submission (x int)");
            statement.execute(submit("mine"));
            for (String forbidden : List.of(
                    "SELECT * FROM muster.submission",
                    "DELETE FROM muster.job_running",
                    "SELECT * FROM muster.queue")) {
                assertThatThrownBy(() -> statement.execute(forbidden)).hasMessageContaining("permission denied");
            }
        }
        assertThat(ids()).containsExactly("mine");
    }

    private String submit(String id) {
        return submit(id, "x");
    }

    private String submit(String id, String text) {
        return "SELECT muster.submit(queue => '" + queue + "', type => 'test', data => '{\"text\":\"" + text
                + "\"}', id => '" + id + "')";
    }

    private List<String> ids() {
        return store.next(100).stream().map(w -> w.submission().id()).toList();
    }

    private String answer(String sql) throws SQLException {
        try (Connection connection = db.connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
