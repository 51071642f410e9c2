package dev.muster.simulation;

import static dev.muster.store.Claim.Verdict.JOINED;
import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.Claim.Verdict.WAITING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.Claim;
import dev.muster.store.Groups;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunKey;
import dev.muster.store.RunningJob;
import dev.muster.store.Settled;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;

/** The same of jobs of a key that start together. */
abstract class GroupContract extends PostgresContract {
    private static final Groups THREE = new Groups(true, Map.of("test", 3));

    /** Runs job 1 of a key alone, and has what is behind it start as a group. */
    private List<JobId> group(Incarnation a, Claim.Entry... entries) {
        take(a, at(1));
        claim(a, at(1), 0, entries);
        return started(settle(a, at(1), succeeded(1, 1)));
    }

    private Outcome succeeded(int n, int attempt) {
        return new Outcome(
                id(n), attempt, Outcome.Verdict.SUCCEEDED, "", "", "", Duration.ZERO, Optional.empty(), List.of());
    }

    private List<Settled> settle(Incarnation me, PartitionEpoch keyed, Outcome... outcomes) {
        return site().ownership(me).settle(List.of(outcomes), List.of(keyed), List.of(), THREE);
    }

    private static List<JobId> started(List<Settled> answers) {
        return answers.stream()
                .filter(Settled.Started.class::isInstance)
                .map(s -> ((Settled.Started) s).job().id())
                .toList();
    }

    private RunKey run(int n, int attempt) {
        return new RunKey(id(n), attempt, name, 0);
    }

    private Claim.Entry[] five() {
        return new Claim.Entry[] {
            entry(1, 0, "K"), entry(2, 1, "K"), entry(3, 2, "K"), entry(4, 3, "K"), entry(5, 4, "K")
        };
    }

    @Test
    void quick_jobs_of_a_key_start_together_and_end_in_order() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();

        assertThat(group(a, five())).containsExactly(id(2), id(3), id(4));
        assertThat(settle(a, at(1), succeeded(3, 1)))
                .as("the one before it runs")
                .containsExactly(new Settled.Rejected(id(3)));
        assertThat(settle(a, at(1), succeeded(2, 1), succeeded(3, 1)))
                .as("the fifth starts when the key is free")
                .containsExactlyInAnyOrder(new Settled.Done(id(2)), new Settled.Done(id(3)));
        assertThat(started(settle(a, at(1), succeeded(4, 1)))).containsExactly(id(5));
    }

    @Test
    void a_claim_starts_the_first_of_a_free_key_together_and_the_rest_waits() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        take(a, at(1));

        assertThat(claim(a, at(1), 0, THREE.most(), five()))
                .containsExactly(STARTED, STARTED, STARTED, WAITING, WAITING);
        assertThat(claim(a, at(1), 5, THREE.most(), entry(6, 5, "K"), entry(7, 6, "L"), entry(8, 7, "L")))
                .as("behind those that wait, and another key")
                .containsExactly(WAITING, STARTED, STARTED);
        assertThat(started(settle(a, at(1), succeeded(1, 1), succeeded(2, 1)))).isEmpty();
        assertThat(started(settle(a, at(1), succeeded(3, 1)))).containsExactly(id(4), id(5), id(6));
        assertThat(claim(a, at(1), 8, THREE.most(), entry(9, 8, "L"), entry(10, 9, "L"), entry(11, 10, "L")))
                .as("behind the two that run, as many as fit")
                .containsExactly(JOINED, WAITING, WAITING);
        assertThat(claim(a, at(1), 11, THREE.most(), entry(12, 11, "L")))
                .as("others of it wait")
                .containsExactly(WAITING);
    }

    @Test
    void nobody_joins_what_another_runs_or_what_runs_alone() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, "K"));
        take(b, at(2));

        assertThat(claim(b, at(2), 1, THREE.most(), entry(2, 1, "K"), entry(3, 2, "L")))
                .as("the first runs under another")
                .containsExactly(WAITING, STARTED);
        assertThat(claim(b, at(2), 3, Map.of("another", 9), entry(4, 3, "L"))).containsExactly(WAITING);
    }

    @Test
    void who_has_not_begun_waits_behind_its_key_again() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        group(a, five());

        site().ownership(a).putBack(List.of(run(3, 1), run(4, 1), run(2, 9)));
        assertThat(site().ownership(a).census()).containsExactly(run(2, 1));
        assertThat(settle(a, 2, 1, Outcome.Verdict.RETRIED, at(1))).containsExactly(new Settled.Done(id(2)));
        assertThat(site().ownership(a).startDue(List.of(at(1)), 10))
                .extracting(RunningJob::id, RunningJob::attempt)
                .containsExactly(Tuple.tuple(id(2), 2));
        assertThat(settle(a, at(1), succeeded(2, 2)))
                .filteredOn(Settled.Started.class::isInstance)
                .extracting(s -> ((Settled.Started) s).job())
                .extracting(RunningJob::id, RunningJob::attempt)
                .containsExactly(Tuple.tuple(id(3), 2), Tuple.tuple(id(4), 2), Tuple.tuple(id(5), 1));
    }

    @Test
    void of_a_group_whose_worker_has_died_the_first_is_adopted_and_the_rest_waits_behind_it() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();
        group(a, five());
        site().incarnations().fence(a, "test", a);
        take(b, at(2));

        assertThat(settle(a, at(1), succeeded(3, 1))).containsExactly(new Settled.Rejected(id(3)));
        await().untilAsserted(() -> {
            site().ownership(b).adopt(List.of(at(2)), List.of());
            assertThat(site().ownership(b).foreign(List.of(at(2)))).isEmpty();
        });
        assertThat(site().ownership(b).census()).containsExactly(run(2, 2));
        assertThat(site().ownership(b).startDue(List.of(at(2)), 10)).isEmpty();
        assertThat(started(settle(b, at(2), succeeded(2, 2)))).containsExactly(id(3), id(4), id(5));
    }

    @Test
    void of_a_group_whose_lane_has_ended_the_first_begins_again_and_the_rest_waits_behind_it() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        group(a, five());

        assertThat(site().ownership(a).beginAgain(List.of(run(4, 1), run(3, 1), run(2, 1))))
                .extracting(RunningJob::id, RunningJob::attempt)
                .containsExactly(Tuple.tuple(id(2), 2));
        assertThat(site().ownership(a).census()).containsExactly(run(2, 2));
    }

    @Test
    void no_call_is_intended_before_what_runs_before_it_is_final() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        group(a, five());
        List<IntentRequest> charge = List.of(new IntentRequest(id(3), 1, "charge"));

        assertThat(site().ownership(a).intend(charge)).isEmpty();
        settle(a, at(1), succeeded(2, 1));
        assertThat(site().ownership(a).intend(charge)).hasSize(1);
    }
}
