package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.RedriveFixture.dies;
import static dev.muster.store.RedriveFixture.edited;
import static dev.muster.store.RedriveFixture.ofQueue;
import static dev.muster.store.RedriveFixture.order;
import static dev.muster.store.RedriveFixture.redriver;
import static dev.muster.store.RedriveFixture.refused;
import static dev.muster.store.RedriveFixture.submitted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.protocol.Admission;
import dev.muster.protocol.StoredRecord;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Records that were no jobs when they came, and the groups that dead letters make. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RedriveRecordIT {
    private static final Optional<Duration> WINDOW = Optional.of(Duration.ofDays(7));

    private final OwnershipFixture db;
    private final DeadLetterStore letters;
    private final Redriver redriver;

    RedriveRecordIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.letters = new DeadLetterStore(db.database());
        this.redriver = redriver(db, 3);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_record_of_a_type_that_is_known_now_becomes_the_job_that_it_names() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Claim.Entry record = refused(0, queue, Optional.empty(), "unknown_type");
        a.claims(p, 0, record);
        JobReader jobs = new JobReader(db.database());
        assertThat(jobs.find(record.id())).isEmpty();
        assertThat(jobs.refused(record.id())).contains(record.positionId());

        assertThat(redriver.run(order(record.positionId())).redriven()).isEqualTo(1);

        assertThat(jobs.find(record.id())).map(JobView::id).contains(record.id());
        RunningJob job = a.store().startDue(List.of(p), 1).getFirst();
        assertThat(job.id()).isEqualTo(id(queue));
        assertThat(job.type()).isEqualTo("test");
        assertThat(job.attempt()).isEqualTo(1);
        a.succeeds(job.id(), 1);
        assertThat(jobs.find(record.id())).map(JobView::state).contains(JobState.SUCCEEDED);
        assertThat(a.claims(p, 1, withItsHash(submitted(1, queue), queue)))
                .as("known from now on")
                .containsExactly(Claim.Verdict.DUPLICATE);
        assertThat(letters.redrives(record.positionId()))
                .singleElement()
                .satisfies(past -> assertThat(past.as()).isEqualTo(id(queue)));
    }

    /** Whoever may produce to any queue can put any job's name on what he produces. */
    @Test
    void a_refused_record_changes_nothing_about_the_job_that_it_names() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Claim.Entry job = withItsHash(submitted(0, queue), queue);
        a.claims(p, 0, job);
        a.succeeds(job.id(), 1);
        db.execute("UPDATE job_identity SET seen_at = now() - interval '10 years' WHERE job_id = '" + job.id() + "'");
        Claim.Entry record = refused(1, queue, Optional.empty(), "unknown_type");
        assertThat(record.id()).isEqualTo(job.id());

        assertThat(a.claims(p, 1, record)).containsExactly(Claim.Verdict.DEAD);

        assertThat(new JobReader(db.database()).find(job.id()))
                .map(JobView::state)
                .contains(JobState.SUCCEEDED);
        assertThat(db.count("SELECT count(*) FROM job_identity WHERE job_id = '" + job.id() + "'"))
                .isEqualTo(1);
    }

    @Test
    void a_record_that_was_submitted_again_meanwhile_is_not_run_twice() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Claim.Entry record = refused(0, queue, Optional.empty(), "unknown_type");
        a.claims(p, 0, record);
        a.claims(p, 1, withItsHash(submitted(1, queue), queue));
        assertThat(redriver.run(order(record.positionId())).counts()).containsOnlyKeys(RedriveVerdict.UNFINISHED);
        a.succeeds(id(queue), 1);

        assertThat(redriver.run(order(record.positionId())).counts()).containsOnlyKeys(RedriveVerdict.SUPERSEDED);
        db.execute("DELETE FROM job_history WHERE job_id = '" + id(queue) + "'"); // as old as its retention
        assertThat(redriver.run(order(record.positionId())).counts()).containsOnlyKeys(RedriveVerdict.DUPLICATE);
    }

    @Test
    void a_record_that_still_breaks_a_rule_stays_and_says_which() {
        String queue = db.queue(Ordering.KEY, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        String elsewhere = key(p, false);
        Claim.Entry record = refused(0, queue, Optional.of(elsewhere), "unknown_type");
        a.claims(p, 0, record);

        RedriveReport report = redriver.run(order(record.positionId()));

        assertThat(report.counts()).containsOnlyKeys(RedriveVerdict.UNREADABLE);
        assertThat(report.refused().getFirst().detail()).contains("wrong_partition");
        assertThat(letters.find(record.positionId())).isPresent();
    }

    @Test
    void a_record_of_a_keyed_queue_takes_a_place_in_its_key() {
        String queue = db.queue(Ordering.KEY, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Claim.Entry record = refused(0, queue, Optional.of(key(p, true)), "too_large");
        a.claims(p, 0, record);

        redriver.run(order(ofQueue(queue)));

        assertThat(a.store().startDue(List.of(p), 1).getFirst().key()).contains(key(p, true));
    }

    @Test
    void a_record_may_be_edited_into_a_job() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Claim.Entry record = refused(0, queue, Optional.empty(), "too_large");
        a.claims(p, 0, record);

        assertThat(redriver.run(edited(record.positionId(), "{\"small\":true}", false))
                        .redriven())
                .isEqualTo(1);

        assertThat(a.store().startDue(List.of(p), 1).getFirst().bytes().value())
                .isEqualTo("{\"small\":true}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void letters_that_died_of_the_same_are_one_group() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        String[] details = {
            "java.lang.IllegalStateException: no customer 17 in \"Berlin\"\n\tat a.B.c(B.java:1)",
            "java.lang.IllegalStateException: no customer 4711 in \"New York\"",
            "java.lang.IllegalStateException: no customer 0b8c5e9e-1111-4bbb-8ccc-dddddddddddd in \"Oslo\"",
            "java.lang.IllegalArgumentException: no customer 17 in \"Berlin\"",
        };
        for (int i = 0; i < details.length; i++) {
            a.claims(p, i, submitted(i, queue + i));
            dies(a, id(queue + i), 1, details[i]);
        }
        a.claims(p, 4, refused(4, queue + 4, Optional.empty(), "no_type"));

        List<DeadLetterGroup> groups = letters.groups(Optional.of(queue), Optional.empty(), 10);

        assertThat(groups)
                .extracting(group -> group.letters() + " " + group.type() + " " + group.cause())
                .containsExactlyInAnyOrder(
                        "3 test java.lang.IllegalStateException: no customer ? in ?",
                        "1 test java.lang.IllegalArgumentException: no customer ? in ?",
                        "1 none no_type: for this test");
        assertThat(groups.getFirst().latest()).isEqualTo(id(queue + 2));
        assertThat(redriver.run(order(new DeadLetterStore.Filter(
                                List.of(),
                                Optional.of(groups.getFirst().group()),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())))
                        .redriven())
                .isEqualTo(3);
        assertThat(letters.groups(Optional.of(queue), Optional.empty(), 10)).hasSize(2);
    }

    @Test
    void only_dead_rows_have_a_fingerprint() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        a.succeeds(id(queue), 1);

        assertThat(db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND fingerprint IS NULL"))
                .isEqualTo(1);
    }

    private static PartitionEpoch taken(Actor actor, String queue) {
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        actor.takes(p);
        return p;
    }

    /** A key that the fixture's queues of four partitions have in the given partition, or elsewhere. */
    private static String key(PartitionEpoch partition, boolean there) {
        return java.util.stream.IntStream.range(0, 1_000)
                .mapToObj(i -> "key-" + i)
                .filter(key -> (org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey(
                                        key.getBytes(java.nio.charset.StandardCharsets.UTF_8), 4)
                                == partition.partition())
                        == there)
                .findFirst()
                .orElseThrow();
    }

    /** The entry with the payload hash that a worker gives it. */
    private static Claim.Entry withItsHash(Claim.Entry entry, String queue) {
        Admission.Verdict verdict = new Admission(100_000, _ -> true)
                .judge(
                        new StoredRecord(
                                entry.bytes().key(),
                                entry.bytes().value(),
                                entry.bytes().headers()),
                        0,
                        new dev.muster.job.Queue(queue, Ordering.NONE, "default", 4, WINDOW, false));
        byte[] hash = ((Admission.Admitted) verdict).payloadHash();
        return new Claim.Entry(
                entry.span(),
                entry.offset(),
                entry.id(),
                entry.positionId(),
                entry.type(),
                entry.orderKey(),
                entry.terms(),
                entry.bytes(),
                hash,
                Optional.empty());
    }
}
