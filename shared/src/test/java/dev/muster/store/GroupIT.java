package dev.muster.store;

import static dev.muster.store.Claim.Verdict.JOINED;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.Claim.Verdict.WAITING;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static dev.muster.store.OwnershipFixture.limitedAndKeyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.Suspicion.Standing;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What of a real Postgres meets jobs of a key that start together: locks of others, wishes, suspects, limits, bytes. */
@ExtendWith(EmbeddedServers.class)
final class GroupIT extends SuspectScene {
    private static final Groups MANY = new Groups(true, Map.of("test", 50));

    GroupIT(PostgresDatabase postgres) {
        super(postgres);
    }

    /** Were the first carried on, it could die and hold its key, and the locked one would run under the hold. */
    @Test
    void while_any_of_a_group_is_locked_none_of_it_is_carried_on() throws SQLException {
        Actor first = owner(1);
        group(first, 4);
        db.fence(first);
        Actor heir = owner(2);

        try (Connection zombie = lock(3)) {
            assertThat(adopt(heir)).isEmpty();
            assertThat(List.of(state("1"), state("2"), state("3"), state("4")))
                    .containsExactly("running", "parked", "running", "parked");
            makeDue();
            assertThat(heir.store().startDue(List.of(partition), 10)).isEmpty();
            zombie.rollback();
        }

        assertThat(adopt(heir)).containsExactly(id(queue + 1));
        assertThat(started(settle(heir, run(1, 2)))).containsExactly(id(queue + 2), id(queue + 3), id(queue + 4));
    }

    @Test
    void while_the_first_of_a_group_is_locked_none_of_it_is_carried_on() throws SQLException {
        Actor first = owner(1);
        group(first, 3);
        db.fence(first);
        Actor heir = owner(2);

        try (Connection zombie = lock(1)) {
            assertThat(adopt(heir)).isEmpty();
            makeDue();
            assertThat(heir.store().startDue(List.of(partition), 10)).isEmpty();
            zombie.rollback();
        }

        assertThat(adopt(heir)).containsExactly(id(queue + 1));
    }

    @Test
    void a_wish_that_was_said_while_it_counted_as_running_is_carried_out_when_it_waits_again() {
        Actor first = owner(1);
        group(first, 4);
        assertThat(new CancellationStore(db.database()).cancel(id(queue + 2), "alice", Optional.empty()))
                .isEqualTo(Cancellation.RUNNING);

        first.store().putBack(List.of(run(2, 1), run(3, 1), run(4, 1)));

        assertThat(state("2")).isEqualTo("cancelled");
        assertThat(started(settle(first, run(1, 1))))
                .as("it goes on without that one")
                .containsExactly(id(queue + 3), id(queue + 4));
    }

    @Test
    void who_was_in_flight_in_a_death_starts_alone_so_the_next_death_tells_who_it_was() {
        Actor first = owner(1);
        group(first, 5);
        dies(first, Standing.NOTED, 0);
        Actor heir = owner(2);
        assertThat(adopt(heir)).containsExactly(id(queue + 1));

        assertThat(started(settle(heir, run(1, 2)))).containsExactly(id(queue + 2));
        assertThat(started(settle(heir, run(2, 2)))).containsExactly(id(queue + 3));
        dies(heir, Standing.SUSPECTED, 0);

        assertThat(owner(3).store().adopt(List.of(partition), List.of()))
                .as("a suspect, with nobody to be lent to")
                .isEmpty();
        assertThat(suspects.suspects())
                .extracting(QuarantineStore.Suspect::id)
                .as("the others were not in flight in two deaths")
                .containsExactly(id(queue + 3));
    }

    @Test
    void nobody_joins_while_there_are_suspects_nor_who_has_a_limit() {
        Actor owner = owner(1);
        assertThat(owner.claims(partition, 0, MANY.most(), keyed(0, queue + 0, "k")))
                .containsExactly(STARTED);

        assertThat(owner.claims(
                        partition, 1, MANY.most(), keyed(1, queue + 1, "k"), limitedAndKeyed(2, queue + 2, "k", queue)))
                .containsExactly(JOINED, WAITING);
        assertThat(owner.claims(partition, 3, MANY.most(), keyed(3, queue + 3, "m")))
                .containsExactly(STARTED);
        Actor dead = db.worker();
        PartitionEpoch other = new PartitionEpoch(queue, 1, 1);
        dead.takes(other);
        dead.claims(other, 0, keyed(0, queue + "x", "x"));
        dies(dead, Standing.NOTED, 0);

        assertThat(owner.claims(partition, 4, MANY.most(), keyed(4, queue + 4, "m")))
                .containsExactly(WAITING);
    }

    /** As a claim leaves it that was given up and committed late: nobody here has a thread for the second. */
    @Test
    void a_row_without_a_thread_is_not_carried_on_in_a_held_key_by_its_own_worker_nor_by_another() {
        Actor owner = owner(1);
        owner.claims(partition, 0, MANY.most(), keyed(0, queue + 0, "k"));
        owner.claims(partition, 1, MANY.most(), keyed(1, queue + 1, "k"), keyed(2, queue + 2, "k"));
        owner.store()
                .settle(List.of(outcome(run(0, 1), Outcome.Verdict.DEAD)), List.of(partition), List.of("test"), MANY);
        KeyHoldStore holds = new KeyHoldStore(db.database());
        assertThat(holds.held(Optional.of(queue), 10)).hasSize(1);

        assertThat(owner.store().beginAgain(List.of(run(1, 1)))).isEmpty();
        assertThat(state("1")).isEqualTo("parked");
        db.fence(owner);
        Actor heir = owner(2);
        assertThat(adopt(heir)).isEmpty();
        assertThat(state("2")).isEqualTo("parked");
        makeDue();
        assertThat(heir.store().startDue(List.of(partition), 10)).isEmpty();

        holds.release(queue, "k");
        makeDue();
        assertThat(heir.store().startDue(List.of(partition), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + 1));
        assertThat(started(settle(heir, run(1, 2)))).containsExactly(id(queue + 2));
    }

    @Test
    void who_has_a_limit_starts_alone() {
        Actor owner = owner(1);
        owner.claims(
                partition,
                0,
                keyed(0, queue + 0, "k"),
                keyed(1, queue + 1, "k"),
                limitedAndKeyed(2, queue + 2, "k", queue),
                keyed(3, queue + 3, "k"));

        assertThat(started(settle(owner, run(0, 1)))).containsExactly(id(queue + 1));
        assertThat(started(settle(owner, run(1, 1)))).containsExactly(id(queue + 2));
        assertThat(started(settle(owner, run(2, 1)))).containsExactly(id(queue + 3));
    }

    @Test
    void a_claim_starts_what_fits_into_a_group_up_to_who_has_a_limit_and_gives_a_time_to_whoever_is_next() {
        String large = "\"" + "x".repeat(400_000) + "\"";
        Actor owner = owner(1);

        assertThat(owner.claims(
                        partition,
                        0,
                        MANY.most(),
                        job(0, queue + 0, "k", large),
                        job(1, queue + 1, "k", large),
                        job(2, queue + 2, "k", large),
                        keyed(3, queue + 3, "k"),
                        keyed(4, queue + 4, "m"),
                        limitedAndKeyed(5, queue + 5, "m", queue),
                        keyed(6, queue + 6, "m"),
                        limitedAndKeyed(7, queue + 7, "n", queue),
                        keyed(8, queue + 8, "n")))
                .containsExactly(STARTED, STARTED, WAITING, WAITING, STARTED, WAITING, WAITING, WAITING, WAITING);

        assertThat(timed()).containsExactly(id(queue + 2), id(queue + 5), id(queue + 7));
        assertThat(owner.store().startDue(List.of(partition), 10))
                .as("its slot is free, and so is its key")
                .extracting(RunningJob::id)
                .containsExactly(id(queue + 7));
        assertThat(started(settle(owner, run(0, 1), run(1, 1)))).containsExactly(id(queue + 2), id(queue + 3));
    }

    private List<JobId> timed() {
        return IntStream.range(0, 9)
                .filter(i -> db.count("SELECT count(*) FROM job_waiting WHERE isfinite(due_at) AND job_id = '"
                                + id(queue + i) + "'")
                        == 1)
                .mapToObj(i -> id(queue + i))
                .toList();
    }

    @Test
    void a_group_is_a_megabyte_at_most() {
        String large = "\"" + "x".repeat(400_000) + "\"";
        Actor owner = owner(1);
        owner.claims(
                partition,
                0,
                IntStream.range(0, 5)
                        .mapToObj(i -> job(i, queue + i, "k", large))
                        .toArray(Claim.Entry[]::new));

        assertThat(started(settle(owner, run(0, 1)))).containsExactly(id(queue + 1), id(queue + 2));
        assertThat(started(settle(owner, run(1, 1), run(2, 1)))).containsExactly(id(queue + 3), id(queue + 4));
    }

    @Test
    void what_is_written_together_is_told_in_the_order_of_its_key() {
        Actor owner = owner(1);
        group(owner, 5);

        settle(owner, run(5, 1), run(3, 1), run(1, 1), run(4, 1), run(2, 1));

        assertThat(db.count(
                        "SELECT count(*) FROM (SELECT key_position, lag(key_position) OVER (ORDER BY xid, seq) AS before"
                                + " FROM job_history WHERE queue = '" + queue + "') h WHERE key_position < before"))
                .isZero();
        assertThat(db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "'"))
                .isEqualTo(6);
    }

    @Test
    void a_settle_starts_two_thousand_rows_at_most_and_one_of_each_key() {
        Actor owner = owner(1);
        int keys = 50;
        int each = 60;
        Claim.Entry[] entries = IntStream.range(0, keys * each)
                .mapToObj(i -> keyed(i, queue + i, "k" + i % keys))
                .toArray(Claim.Entry[]::new);
        owner.claims(partition, 0, entries);

        List<JobId> started = started(
                settle(owner, IntStream.range(0, keys).mapToObj(i -> run(i, 1)).toArray(RunKey[]::new)));

        assertThat(started.size()).isBetween(2_000, 2_000 + keys);
        assertThat(started).doesNotHaveDuplicates();
        assertThat(db.count("SELECT count(DISTINCT order_key) FROM job_running WHERE queue = '" + queue + "'"))
                .as("each key goes on")
                .isEqualTo(keys);
    }

    /** Jobs 1 to {@code size} of key k run as a group, as job 0 has succeeded. */
    private void group(Actor owner, int size) {
        owner.claims(
                partition,
                0,
                IntStream.rangeClosed(0, size)
                        .mapToObj(i -> keyed(i, queue + i, "k"))
                        .toArray(Claim.Entry[]::new));
        assertThat(started(settle(owner, run(0, 1)))).hasSize(size);
    }

    private List<JobId> adopt(Actor heir) {
        return heir.store().adopt(List.of(partition), List.of()).stream()
                .map(RunningJob::id)
                .toList();
    }

    private List<Settled> settle(Actor owner, RunKey... succeeded) {
        List<Outcome> outcomes = Arrays.stream(succeeded)
                .map(run -> outcome(run, Outcome.Verdict.SUCCEEDED))
                .toList();
        return owner.store().settle(outcomes, List.of(partition), List.of(), MANY);
    }

    private static Outcome outcome(RunKey run, Outcome.Verdict verdict) {
        return new Outcome(run.id(), run.attempt(), verdict, "", "", "", Duration.ZERO, Optional.empty(), List.of());
    }

    private static List<JobId> started(List<Settled> answers) {
        return answers.stream()
                .filter(Settled.Started.class::isInstance)
                .map(s -> ((Settled.Started) s).job().id())
                .toList();
    }

    private RunKey run(int n, int attempt) {
        return new RunKey(id(queue + n), attempt, queue, 0);
    }

    /** As a zombie's statement that has not ended. */
    private Connection lock(int n) throws SQLException {
        Connection connection = db.connect();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT FROM job_running WHERE job_id = '" + id(queue + n) + "' FOR UPDATE");
        }
        return connection;
    }
}
