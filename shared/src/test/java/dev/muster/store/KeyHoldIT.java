package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.RedriveFixture.order;
import static dev.muster.store.RedriveFixture.redriver;
import static dev.muster.store.RedriveFixture.submitted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.explain.Explainer;
import dev.muster.explain.Explanation;
import dev.muster.job.AfterDead;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.KeyHoldStore.Policy;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A dead job that holds its key until an operator has looked. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KeyHoldIT {
    private final OwnershipFixture db;
    private final KeyHoldStore holds;

    KeyHoldIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.holds = new KeyHoldStore(db.database());
    }

    @AfterAll
    void close() {
        db.close();
    }

    /** A queue whose key k has a dead job, name-0, and two that wait behind it. */
    private record Scene(String queue, Actor owner, PartitionEpoch partition) {
        JobId job(int number) {
            return id(queue + "-" + number);
        }

        Claim.Entry entry(int number) {
            return submitted(number, queue + "-" + number, Optional.of("k"), Map.of());
        }

        void dies(int number, int attempt, boolean handlerHolds) {
            Outcome dead = new Outcome(
                    job(number),
                    attempt,
                    Outcome.Verdict.DEAD,
                    "gave up",
                    "java.io.IOException",
                    "",
                    Duration.ZERO,
                    Optional.empty(),
                    List.of());
            owner.store()
                    .settle(List.of(dead), List.of(partition), handlerHolds ? List.of("test") : List.of(), Groups.NONE);
        }

        /** Ends a first run; who starts by that. */
        List<JobId> succeeds(int number) {
            return owner.succeeds(job(number), 1, partition).stream()
                    .flatMap(s -> s instanceof Settled.Started(RunningJob next) ? Stream.of(next.id()) : Stream.empty())
                    .toList();
        }

        JobId running() {
            return owner.store().census().getFirst().id();
        }

        int attempt() {
            return owner.store().census().getFirst().attempt();
        }

        /** What starts by itself, now that everything has had its time. */
        List<JobId> started() {
            return owner.store().startDue(List.of(partition), 100).stream()
                    .map(RunningJob::id)
                    .toList();
        }
    }

    private Scene scene(boolean handlerHolds) {
        String queue = db.queue(Ordering.KEY, Optional.of(Duration.ofDays(7)));
        Actor a = db.worker();
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        a.takes(p);
        Scene scene = new Scene(queue, a, p);
        assertThat(a.claims(p, 0, scene.entry(0), scene.entry(1), scene.entry(2)))
                .containsExactly(Claim.Verdict.STARTED, Claim.Verdict.WAITING, Claim.Verdict.WAITING);
        scene.dies(0, 1, handlerHolds);
        return scene;
    }

    @Test
    void a_key_whose_job_is_dead_waits_with_a_reason_until_it_is_released() {
        Scene scene = scene(true);
        assertThat(scene.owner().claims(scene.partition(), 3, scene.entry(3))).containsExactly(Claim.Verdict.WAITING);
        assertThat(scene.owner()
                        .claims(
                                scene.partition(),
                                4,
                                submitted(4, scene.queue() + "-x", Optional.of("other"), Map.of())))
                .as("the key waits, its partition does not")
                .containsExactly(Claim.Verdict.STARTED);
        everythingIsDue(scene);

        assertThat(scene.started()).isEmpty();
        for (int waiting = 1; waiting <= 3; waiting++) {
            assertThat(new JobReader(db.database()).find(scene.job(waiting)))
                    .hasValueSatisfying(job -> assertThat(job.outcome().reason())
                            .hasValueSatisfying(reason -> assertThat(reason)
                                    .contains("held")
                                    .contains(scene.job(0).toString())));
            Explanation why = Explainer.explain(new ExplainStore(db.database()).facts(scene.job(waiting)));
            assertThat(why.why()).isEqualTo(Explanation.Why.KEY_HELD);
            assertThat(why.summary())
                    .startsWith("its key k is held since job " + scene.job(0) + " of type test died ")
                    .contains("muster dead redrive " + scene.job(0), "muster queue release " + scene.queue() + " k");
            assertThat(why.further())
                    .isEqualTo(
                            waiting == 1
                                    ? List.of()
                                    : List.of("it waits behind " + (waiting == 2 ? "one job" : "2 jobs")
                                            + " of its key k, first of all job " + scene.job(1)
                                            + ", which waits too: its key is held"));
        }
        assertThat(holds.held(Optional.of(scene.queue()), 10)).singleElement().satisfies(hold -> {
            assertThat(hold.key()).isEqualTo("k");
            assertThat(hold.dead()).isEqualTo(scene.job(0));
            assertThat(hold.behind()).isEqualTo(3);
        });

        assertThat(holds.release(scene.queue(), "k")).isTrue();
        assertThat(holds.release(scene.queue(), "k")).isFalse();

        assertThat(scene.started()).containsExactly(scene.job(1));
        assertThat(scene.succeeds(1)).containsExactly(scene.job(2));
        assertThat(scene.succeeds(2)).containsExactly(scene.job(3));
    }

    @Test
    void a_redriven_job_takes_its_place_ahead_of_all_that_wait_and_holds_its_key_again_if_it_dies_again() {
        Scene scene = scene(true);

        assertThat(redriver(db, 3).run(order(scene.job(0))).counts())
                .containsExactly(Map.entry(RedriveVerdict.REDRIVEN, 1));
        assertThat(holds.held(Optional.of(scene.queue()), 10)).isEmpty();
        everythingIsDue(scene);

        assertThat(scene.started()).containsExactly(scene.job(0));
        scene.dies(0, 2, true);
        everythingIsDue(scene);
        assertThat(scene.started()).isEmpty();
        assertThat(holds.held(Optional.of(scene.queue()), 10)).hasSize(1);

        redriver(db, 3).run(order(scene.job(0)));
        assertThat(scene.started()).containsExactly(scene.job(0));
        assertThat(scene.owner().succeeds(scene.job(0), 3, scene.partition()))
                .contains(new Settled.Done(scene.job(0)))
                .anyMatch(s ->
                        s instanceof Settled.Started(RunningJob job) && job.id().equals(scene.job(1)));
        assertThat(scene.succeeds(1)).containsExactly(scene.job(2));
    }

    @Test
    void a_hold_outlives_its_worker_and_the_next_owner_heeds_it() {
        Scene scene = scene(true);
        db.fence(scene.owner());
        Actor b = db.worker();
        PartitionEpoch ofB = new PartitionEpoch(scene.queue(), 0, 2);
        b.takes(ofB);
        Scene next = new Scene(scene.queue(), b, ofB);

        everythingIsDue(next);
        assertThat(next.started()).isEmpty();
        assertThat(b.claims(ofB, 3, next.entry(3))).containsExactly(Claim.Verdict.WAITING);
        assertThat(scene.owner().claims(scene.partition(), 3, scene.entry(3))).containsExactly(Claim.Verdict.NOT_OWNER);

        holds.release(scene.queue(), "k");
        assertThat(next.started()).containsExactly(next.job(1));
    }

    @Test
    void an_operators_word_goes_before_the_handlers() {
        Scene goesOn = scene(false);
        assertThat(holds.held(Optional.of(goesOn.queue()), 10)).isEmpty();
        assertThat(new JobReader(db.database()).find(goesOn.job(1)))
                .hasValueSatisfying(job -> assertThat(job.state().wireName()).isEqualTo("running"));

        assertThat(holds.say(new Policy(goesOn.queue(), "test", AfterDead.HOLD_KEY)))
                .isTrue();
        assertThat(holds.say(new Policy("nowhere", "test", AfterDead.HOLD_KEY))).isFalse();
        goesOn.dies(1, 1, false);
        assertThat(holds.held(Optional.of(goesOn.queue()), 10)).hasSize(1);
        holds.release(goesOn.queue(), "k");
        assertThat(goesOn.started()).containsExactly(goesOn.job(2));

        holds.say(new Policy(goesOn.queue(), "test", AfterDead.GO_ON));
        assertThat(holds.policies()).contains(new Policy(goesOn.queue(), "test", AfterDead.GO_ON));
        goesOn.dies(2, 1, true);
        assertThat(holds.held(Optional.of(goesOn.queue()), 10)).isEmpty();
        holds.unsay(goesOn.queue(), "test");
        assertThat(holds.policies()).noneMatch(policy -> policy.queue().equals(goesOn.queue()));
    }

    @Test
    void a_refused_death_of_a_zombie_holds_nothing() {
        Scene scene = scene(false);
        scene.dies(0, 1, true); // said again, of a row that is gone

        assertThat(holds.held(Optional.of(scene.queue()), 10)).isEmpty();
        assertThat(scene.succeeds(1)).containsExactly(scene.job(2));
    }

    /** Release, redrive, claims and looks at what is due, all at once: one job of the key runs at a time, in order. */
    @Test
    void whoever_releases_redrives_and_claims_at_once_never_lets_two_jobs_of_the_key_run() throws Exception {
        for (int round = 0; round < 15; round++) {
            Scene scene = scene(true);
            List<CompletableFuture<?>> all = new ArrayList<>();
            all.add(CompletableFuture.runAsync(() -> holds.release(scene.queue(), "k")));
            all.add(CompletableFuture.runAsync(() -> redriver(db, 3).run(order(scene.job(0)))));
            all.add(CompletableFuture.runAsync(scene::started));
            all.add(CompletableFuture.runAsync(
                    () -> scene.owner().claims(scene.partition(), 3, scene.entry(3), scene.entry(4))));
            for (CompletableFuture<?> one : all) {
                one.get(30, TimeUnit.SECONDS);
            }

            List<JobId> order = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + scene.queue()
                        + "' AND due_at < 'infinity'");
                scene.started();
                assertThat(db.count("SELECT count(*) FROM job_running WHERE queue = '" + scene.queue() + "'"))
                        .as("running in round %s after %s", round, order)
                        .isEqualTo(1);
                JobId now = scene.running();
                order.add(now);
                scene.owner().succeeds(now, scene.attempt());
            }
            assertThat(order.stream().filter(job -> !job.equals(scene.job(0))))
                    .as("round %s", round)
                    .containsExactly(scene.job(1), scene.job(2), scene.job(3), scene.job(4));
        }
    }

    /** Time passes for whoever has a time. */
    private void everythingIsDue(Scene scene) {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + scene.queue() + "'");
    }
}
