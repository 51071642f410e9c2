package dev.muster.store;

import static dev.muster.store.Claim.Verdict.CANCELLED;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.unique;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** At most one unfinished job for each unique key of a queue. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class UniqueKeyIT {
    private final OwnershipFixture db;

    UniqueKeyIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void the_second_is_cancelled_and_names_the_first_until_that_one_is_over() {
        String queue = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);

        assertThat(a.claims(
                        p,
                        0,
                        unique(0, queue + "-1", "U"),
                        unique(1, queue + "-2", "U"),
                        unique(2, queue + "-3", "V"),
                        job(3, queue + "-4")))
                .containsExactly(STARTED, CANCELLED, STARTED, STARTED);
        assertThat(db.count("SELECT count(*) FROM job_history WHERE job_id = '" + id(queue + "-2")
                        + "' AND state = 'cancelled' AND reason = 'not_unique' AND detail LIKE '%" + id(queue + "-1")
                        + "%'"))
                .isEqualTo(1);

        a.ends(id(queue + "-1"), 1, Outcome.Verdict.RETRIED, Duration.ofHours(1), List.of());
        assertThat(a.claims(p, 4, unique(4, queue + "-5", "U")))
                .as("it waits for its next run, so it is unfinished")
                .containsExactly(CANCELLED);
        assertThat(new CancellationStore(db.database()).cancel(id(queue + "-1"), "alice", Optional.empty()))
                .isEqualTo(Cancellation.CANCELLED);
        assertThat(a.claims(p, 5, unique(5, queue + "-6", "U"))).containsExactly(STARTED);
        a.succeeds(id(queue + "-6"), 1);
        assertThat(a.claims(p, 6, unique(6, queue + "-7", "U"))).containsExactly(STARTED);
    }

    @Test
    void another_queue_has_keys_of_its_own() {
        String one = db.queue(Ordering.NONE, Optional.empty());
        String two = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch ofOne = new PartitionEpoch(one, 0, 1);
        PartitionEpoch ofTwo = new PartitionEpoch(two, 0, 1);
        a.takes(ofOne);
        a.takes(ofTwo);

        assertThat(a.claims(ofOne, 0, unique(0, one, "U"))).containsExactly(STARTED);
        assertThat(a.claims(ofTwo, 0, unique(0, two, "U"))).containsExactly(STARTED);
    }

    @Test
    void the_key_stays_with_its_job_when_that_is_adopted() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        a.takes(ofA);
        a.claims(ofA, 0, unique(0, queue + "-1", "U"));
        db.fence(a);
        b.takes(ofB);
        RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();

        assertThat(b.claims(ofB, 1, unique(1, queue + "-2", "U"))).containsExactly(CANCELLED);
        b.succeeds(id(queue + "-1"), adopted.attempt());
        assertThat(b.claims(ofB, 2, unique(2, queue + "-3", "U"))).containsExactly(STARTED);
    }

    @Test
    void of_claims_at_the_same_time_one_wins_and_nothing_is_left_behind() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        List<Actor> actors = List.of(db.worker(), db.worker(), db.worker(), db.worker());
        for (int i = 0; i < actors.size(); i++) {
            actors.get(i).takes(new PartitionEpoch(queue, i, 1));
        }

        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 25; round++) {
                int offset = round;
                List<Future<List<Claim.Verdict>>> claims = new ArrayList<>();
                for (int i = 0; i < actors.size(); i++) {
                    int partition = i;
                    claims.add(threads.submit(() -> actors.get(partition)
                            .claims(
                                    new PartitionEpoch(queue, partition, 1),
                                    offset,
                                    unique(offset, queue + "-" + offset + "-" + partition, "U"))));
                }
                List<Claim.Verdict> verdicts = new ArrayList<>();
                for (Future<List<Claim.Verdict>> claim : claims) {
                    verdicts.addAll(claim.get(60, TimeUnit.SECONDS));
                }
                assertThat(verdicts).containsOnlyOnce(STARTED).containsOnly(STARTED, CANCELLED);
                int winner = verdicts.indexOf(STARTED);
                actors.get(winner).succeeds(id(queue + "-" + offset + "-" + winner), 1);
            }
        }

        assertThat(db.count("SELECT count(*) FROM job_unique WHERE queue = '" + queue + "'"))
                .isZero();
        assertThat(db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND state = 'succeeded'"))
                .isEqualTo(25);
    }
}
