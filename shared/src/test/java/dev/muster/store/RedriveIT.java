package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.RedriveFixture.dies;
import static dev.muster.store.RedriveFixture.dry;
import static dev.muster.store.RedriveFixture.edited;
import static dev.muster.store.RedriveFixture.forced;
import static dev.muster.store.RedriveFixture.ofQueue;
import static dev.muster.store.RedriveFixture.order;
import static dev.muster.store.RedriveFixture.redriver;
import static dev.muster.store.RedriveFixture.submitted;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Dead jobs that run again. On a real Postgres; what never was a job is in {@link RedriveRecordIT}. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RedriveIT {
    private static final Optional<Duration> WINDOW = Optional.of(Duration.ofDays(7));

    private final OwnershipFixture db;
    private final DeadLetterStore letters;
    private final Redriver redriver;

    RedriveIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.letters = new DeadLetterStore(db.database());
        this.redriver = redriver(db, 3);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void a_redriven_job_takes_its_unique_key_again_or_stays_where_it_is() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Map<String, String> unique = Map.of("musteruniquekey", "invoice-7");
        a.claims(p, 0, submitted(0, queue, Optional.empty(), unique));
        dies(a, id(queue), 1, "java.lang.IllegalStateException: no luck");
        a.claims(p, 1, submitted(1, queue + "-2", Optional.empty(), unique));

        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.NOT_UNIQUE);
        a.ends(id(queue + "-2"), 1, Outcome.Verdict.SUCCEEDED, Duration.ZERO, List.of());
        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.REDRIVEN);

        assertThat(a.claims(p, 2, submitted(2, queue + "-3", Optional.empty(), unique)))
                .as("while it is unfinished")
                .containsExactly(Claim.Verdict.CANCELLED);
    }

    @Test
    void a_redriven_job_has_its_limit_key_and_is_recognised_although_its_window_was_over() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        Map<String, String> limited = Map.of("musterlimitkey", "bank-" + queue);
        a.claims(p, 0, submitted(0, queue, Optional.empty(), limited));
        RunningJob first = a.store().startDue(List.of(p), 1).getFirst();
        dies(a, id(queue), first.attempt(), "java.lang.IllegalStateException: no luck");
        String identities = "SELECT count(*) FROM job_identity WHERE job_id = '" + id(queue) + "'";
        db.execute("DELETE FROM job_identity WHERE job_id = '" + id(queue) + "'"); // as housekeeping does

        redriver.run(dry(order(id(queue))));
        assertThat(db.count(identities)).isZero();
        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.REDRIVEN);

        assertThat(db.count(identities)).isEqualTo(1);
        assertThat(db.count("SELECT count(*) FROM limited_job WHERE job_id = '" + id(queue) + "'"))
                .isEqualTo(1);
    }

    @Test
    void a_redriven_job_is_the_same_job_with_a_new_budget() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue, Optional.of("k"), Map.of("mustermaxattempts", "7")));
        String key = intend(a, queue, 1).idempotencyKey();
        a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of("charge"));
        RunningJob second = a.store().startDue(List.of(p), 1).getFirst();
        dies(a, id(queue), second.attempt(), "java.lang.IllegalStateException: no luck");

        RedriveReport report = redriver.run(order(id(queue)));

        assertThat(report.counts()).containsExactly(Map.entry(RedriveVerdict.REDRIVEN, 1));
        JobView waiting = new JobReader(db.database()).find(id(queue)).orElseThrow();
        assertThat(waiting.state()).isEqualTo(JobState.SCHEDULED);
        assertThat(waiting.outcome().reason()).contains("redriven");
        RunningJob again = a.store().startDue(List.of(p), 1).getFirst();
        assertThat(again.id()).isEqualTo(id(queue));
        assertThat(again.attempt()).isEqualTo(3);
        assertThat(again.budget()).isEqualTo(new RunningJob.Budget(0, 0, Optional.of(7)));
        assertThat(again.bytes().value()).isEqualTo(RedriveFixture.PAYLOAD.getBytes(UTF_8));
        assertThat(again.place()).isEqualTo(second.place());
        assertThat(intend(a, queue, 3).idempotencyKey()).isEqualTo(key);
        a.ends(id(queue), 3, Outcome.Verdict.SUCCEEDED, Duration.ZERO, List.of("charge"));

        assertThat(new JobReader(db.database()).find(id(queue)).map(JobView::state))
                .contains(JobState.SUCCEEDED);
        assertThat(letters.list(ofQueue(queue), 10)).isEmpty();
        assertThat(new AuditReader(db.database())
                        .finals().stream().filter(job -> job.id().equals(id(queue))))
                .extracting(AuditReader.FinalJob::state)
                .containsExactly(JobState.SUCCEEDED);
    }

    @Test
    void a_dry_run_says_what_would_become_of_them_and_writes_nothing() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        dead(queue, 3);

        RedriveReport report = redriver.run(dry(order(ofQueue(queue))));

        assertThat(report.counts()).containsExactly(Map.entry(RedriveVerdict.REDRIVEN, 3));
        assertThat(letters.list(ofQueue(queue), 10)).hasSize(3);
        assertThat(waiting(queue)).isZero();
        assertThat(db.count("SELECT count(*) FROM redrive WHERE batch = '" + report.batch() + "'"))
                .isZero();
    }

    @Test
    void the_same_order_again_moves_nothing_twice() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        List<JobId> ids = dead(queue, 4);
        assertThat(redriver.run(order(ids.get(0), ids.get(1))).redriven()).isEqualTo(2);

        RedriveReport rest = redriver.run(order(ofQueue(queue)));
        RedriveReport nothing = redriver.run(order(ofQueue(queue)));

        assertThat(rest.redriven()).isEqualTo(2);
        assertThat(nothing.counts()).isEmpty();
        assertThat(waiting(queue)).isEqualTo(4);
        assertThat(redriver.run(order(ids.get(0))).counts()).containsOnlyKeys(RedriveVerdict.GONE);
    }

    @Test
    void two_who_redrive_the_same_at_the_same_time_move_each_once() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        dead(queue, 300);

        CompletableFuture<RedriveReport> one =
                CompletableFuture.supplyAsync(() -> redriver.run(order(ofQueue(queue))), Thread::startVirtualThread);
        CompletableFuture<RedriveReport> two =
                CompletableFuture.supplyAsync(() -> redriver.run(order(ofQueue(queue))), Thread::startVirtualThread);

        assertThat(one.get(60, TimeUnit.SECONDS).redriven()
                        + two.get(60, TimeUnit.SECONDS).redriven())
                .isEqualTo(300);
        assertThat(waiting(queue)).isEqualTo(300);
        assertThat(db.count("SELECT count(*) FROM redrive d JOIN job_history h USING (seq) WHERE h.queue = '" + queue
                        + "'"))
                .isEqualTo(300);
    }

    @Test
    void jobs_of_a_key_run_again_in_their_order_behind_what_waits_there() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        List<JobId> ids = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String name = queue + "-" + i;
            ids.add(id(name));
            a.claims(p, i, submitted(i, name, Optional.of("k"), Map.of()));
            dies(a, id(name), 1, "java.lang.Exception: x", p);
        }
        String head = queue + "-head";
        a.claims(p, 40, submitted(40, head, Optional.of("k"), Map.of()));

        assertThat(redriver.run(order(ofQueue(queue))).redriven()).isEqualTo(40);
        assertThat(a.store().startDue(List.of(p), 100)).as("the head runs").isEmpty();
        List<JobId> ran = new ArrayList<>();
        List<Settled> settled = a.succeeds(id(head), 1, p);
        while (settled.size() == 2) {
            RunningJob next = ((Settled.Started) settled.get(1)).job();
            ran.add(next.id());
            settled = a.succeeds(next.id(), next.attempt(), p);
        }

        assertThat(ran).containsExactlyElementsOf(ids);
    }

    @Test
    void a_rate_is_a_distance_between_the_times_at_which_they_are_due() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        dead(queue, 5);

        redriver.run(new RedriveOrder(ofQueue(queue), false, 4, false, "test", Optional.empty()));

        assertThat(db.count("SELECT round(extract(epoch FROM max(due_at) - min(due_at)) * 1000) FROM job_waiting"
                        + " WHERE queue = '" + queue + "'"))
                .isEqualTo(1_000);
        assertThat(db.count("SELECT count(DISTINCT due_at) FROM job_waiting WHERE queue = '" + queue + "'"))
                .isEqualTo(5);
    }

    @Test
    void a_job_that_dies_again_and_again_is_not_redriven_for_ever() {
        Redriver once = redriver(db, 1);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        dies(a, id(queue), 1, "java.lang.Exception: x");
        assertThat(once.run(order(id(queue))).redriven()).isEqualTo(1);
        dies(a, id(queue), a.store().startDue(List.of(p), 1).getFirst().attempt(), "java.lang.Exception: x");

        assertThat(once.run(order(ofQueue(queue))).counts()).containsOnlyKeys(RedriveVerdict.TOO_OFTEN);
        assertThat(letters.list(ofQueue(queue), 10))
                .singleElement()
                .satisfies(letter -> assertThat(letter.redrives()).isEqualTo(1));
        assertThat(once.run(forced(order(ofQueue(queue)))).redriven()).isEqualTo(1);
        assertThat(letters.redrives(id(queue)))
                .hasSize(2)
                .allSatisfy(past -> assertThat(past.by()).isEqualTo("test"));
    }

    @Test
    void a_job_past_its_deadline_runs_again_only_by_force_and_without_it() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue, Optional.empty(), Map.of("musterdeadline", "2020-01-01T00:00:00Z")));
        dies(a, id(queue), 1, "java.lang.Exception: x");

        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.PAST_DEADLINE);
        assertThat(redriver.run(forced(order(id(queue)))).redriven()).isEqualTo(1);

        assertThat(a.store().startDue(List.of(p), 1).getFirst().times().deadline())
                .isEmpty();
    }

    @Test
    void what_was_submitted_again_is_not_redriven_beside_it() {
        String queue = db.queue(Ordering.NONE, Optional.empty()); // without a window an id may come again
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        dies(a, id(queue), 1, "java.lang.Exception: x");
        a.claims(p, 1, submitted(1, queue));

        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.UNFINISHED);
        a.succeeds(id(queue), 1);
        assertThat(redriver.run(order(id(queue))).counts()).containsOnlyKeys(RedriveVerdict.SUPERSEDED);
    }

    @Test
    void a_redriven_job_is_recognised_for_a_whole_window_again() {
        String queue = db.queue(Ordering.NONE, WINDOW);
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        dies(a, id(queue), 1, "java.lang.Exception: x");
        db.execute("UPDATE job_identity SET seen_at = now() - interval '8 days' WHERE queue = '" + queue + "'");

        redriver.run(order(id(queue)));
        a.store().startDue(List.of(p), 1);
        a.succeeds(id(queue), 2);

        assertThat(a.claims(p, 1, submitted(1, queue))).containsExactly(Claim.Verdict.DUPLICATE);
    }

    @Test
    void an_answered_call_counts_as_unanswered_once_its_job_is_redriven() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        intend(a, queue, 1);
        a.ends(id(queue), 1, Outcome.Verdict.DEAD, Duration.ZERO, List.of("charge"));
        db.execute("UPDATE job_intent SET opened_at = now() - interval '2 days', closed_at = now() - interval '2 days'"
                + " WHERE job_id = '" + id(queue) + "'");
        redriver.run(order(id(queue)));
        int third = a.store().startDue(List.of(p), 1).getFirst().attempt();

        OwnershipStore.Intent first = intend(a, queue, third);
        OwnershipStore.Intent second = intend(a, queue, third);

        assertThat(first.unansweredSince()).isPresent();
        assertThat(second.unansweredSince())
                .as("asked again after an attempt without an answer")
                .isEqualTo(first.unansweredSince());
        a.ends(id(queue), third, Outcome.Verdict.RETRIED, Duration.ZERO, List.of("charge"));
        int fourth = a.store().startDue(List.of(p), 1).getFirst().attempt();
        assertThat(intend(a, queue, fourth).unansweredSince())
                .as("answered since the redrive")
                .isEmpty();
    }

    @Test
    void an_edited_job_has_new_keys_and_its_original_is_kept() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        dies(a, id(queue), 1, "java.lang.Exception: x");

        assertThat(redriver.run(edited(id(queue), "{\"amount\":2}", false)).redriven())
                .isEqualTo(1);

        RunningJob again = a.store().startDue(List.of(p), 1).getFirst();
        assertThat(again.bytes().value()).isEqualTo("{\"amount\":2}".getBytes(UTF_8));
        assertThat(intend(a, queue, again.attempt()).idempotencyKey()).isEqualTo("muster:" + id(queue) + ":charge:2");
        a.ends(id(queue), again.attempt(), Outcome.Verdict.RETRIED, Duration.ZERO, List.of("charge"));
        int third = a.store().startDue(List.of(p), 1).getFirst().attempt();
        assertThat(intend(a, queue, third).idempotencyKey()).isEqualTo("muster:" + id(queue) + ":charge:2");
        assertThat(db.count("SELECT count(*) FROM redrive WHERE job_id = '" + id(queue)
                        + "' AND convert_from(original_payload, 'UTF8') = '" + RedriveFixture.PAYLOAD + "'"))
                .isEqualTo(1);
    }

    @Test
    void a_job_whose_call_was_answered_is_edited_only_by_who_has_looked() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        a.claims(p, 0, submitted(0, queue));
        intend(a, queue, 1);
        a.ends(id(queue), 1, Outcome.Verdict.DEAD, Duration.ZERO, List.of("charge"));

        assertThat(redriver.run(edited(id(queue), "{}", false)).counts())
                .containsOnlyKeys(RedriveVerdict.ANSWERED_CALL);
        db.execute("UPDATE job_intent SET closed_at = NULL WHERE job_id = '" + id(queue) + "'");
        assertThat(redriver.run(edited(id(queue), "{}", true)).counts()).containsOnlyKeys(RedriveVerdict.OPEN_CALL);
        db.execute("UPDATE job_intent SET closed_at = now() WHERE job_id = '" + id(queue) + "'");
        assertThat(redriver.run(edited(id(queue), "{}", true)).redriven()).isEqualTo(1);
    }

    @Test
    void a_payload_that_is_no_json_changes_nothing() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        JobId id = dead(queue, 1).getFirst();

        RedriveReport report = redriver.run(edited(id, "{\"amount\":", false));

        assertThat(report.counts()).containsOnlyKeys(RedriveVerdict.UNREADABLE);
        assertThat(report.refused().getFirst().detail()).contains("no JSON");
        assertThat(letters.find(id)).isPresent();
    }

    private PartitionEpoch taken(Actor actor, String queue) {
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        actor.takes(p);
        return p;
    }

    /** Dead jobs in partition 0 of a queue, in the order of their records. */
    private List<JobId> dead(String queue, int count) {
        Actor a = db.worker();
        PartitionEpoch p = taken(a, queue);
        List<JobId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = queue + "-" + i;
            a.claims(p, i, submitted(i, name));
            dies(a, id(name), 1, "java.lang.IllegalStateException: no customer " + i);
            ids.add(id(name));
        }
        return ids;
    }

    private long waiting(String queue) {
        return db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "'");
    }

    private static OwnershipStore.Intent intend(Actor worker, String name, int attempt) {
        return worker.store()
                .intend(List.of(new OwnershipStore.IntentRequest(id(name), attempt, "charge")))
                .getFirst();
    }
}
