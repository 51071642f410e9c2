package dev.muster.coordinator.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.coordinator.quarantine.QuarantineDecider.Decision;
import dev.muster.coordinator.quarantine.QuarantineDecider.Effect;
import dev.muster.coordinator.quarantine.QuarantineDecider.State;
import dev.muster.coordinator.quarantine.QuarantineDecider.Worker;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.QuarantineStore.Loan;
import dev.muster.store.QuarantineStore.Suspect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class QuarantineDeciderTest {
    private static final Incarnation WORKER = new Incarnation("worker-quarantine.3");
    private static final Incarnation BEFORE = new Incarnation("worker-quarantine.2");
    private static final Worker READY = new Worker.Ready(WORKER);
    /** Arbitrary, as the clock's origin is. */
    private static final long T0 = -5_000_000_000L;

    @Test
    void without_suspects_nobody_is_started() {
        assertThat(decide(State.initial(), new Worker.Absent(), T0).effect()).isEmpty();
    }

    @Test
    void the_first_suspect_has_a_worker_started_once_a_second_at_most() {
        Decision first = decide(State.initial(), new Worker.Absent(), T0, waiting("a", 0));
        Decision soon = decide(first.next(), new Worker.Absent(), after(T0, 999), waiting("a", 0));
        Decision later = decide(soon.next(), new Worker.Absent(), after(T0, 1_000), waiting("a", 0));

        assertThat(first.effect()).contains(new Effect.Start());
        assertThat(soon.effect()).isEmpty();
        assertThat(later.effect()).contains(new Effect.Start());
    }

    @Test
    void suspects_wait_for_a_worker_that_starts_and_after_a_minute_run_like_others() {
        Decision first = decide(State.initial(), new Worker.Absent(), T0, waiting("a", 0));
        Decision patient = decide(first.next(), new Worker.Starting(), after(T0, 59_999), waiting("a", 0));
        Decision tired = decide(patient.next(), new Worker.Starting(), after(T0, 60_000), waiting("a", 0));

        assertThat(patient.effect()).isEmpty();
        assertThat(tired.effect()).contains(new Effect.Release(ids("a")));
    }

    @Test
    void where_nobody_can_start_one_they_run_like_others_at_once() {
        assertThat(decide(State.initial(), new Worker.Impossible(), T0, waiting("a", 0), waiting("b", 0))
                        .effect())
                .contains(new Effect.Release(ids("a", "b")));
    }

    @Test
    void those_who_were_never_there_are_lent_together() {
        assertThat(lent(waiting("a", 0), waiting("b", 0), waiting("c", 0))).isEqualTo(ids("a", "b", "c"));
    }

    @Test
    void those_who_died_there_together_are_halved_and_come_before_the_others() {
        assertThat(lent(waiting("x", 0), waiting("a", 4), waiting("b", 4), waiting("c", 4), waiting("d", 4)))
                .isEqualTo(ids("a", "b"));
        assertThat(lent(waiting("a", 4), waiting("e", 2), waiting("f", 2))).isEqualTo(ids("e"));
        assertThat(lent(waiting("a", 1), waiting("b", 4))).isEqualTo(ids("a"));
    }

    @Test
    void a_group_has_the_worker_for_itself() {
        Suspect running = new Suspect(id("r"), "default", 0, loan(WORKER, 59_999), true);
        Suspect assigned = new Suspect(id("r"), "default", 0, loan(WORKER, 4_999), false);

        assertThat(lent(running, waiting("a", 0))).isEmpty();
        assertThat(lent(assigned, waiting("a", 0))).isEmpty();
    }

    @Test
    void who_runs_long_or_is_not_lent_by_its_owner_holds_up_nobody() {
        Suspect running = new Suspect(id("r"), "default", 0, loan(WORKER, 60_000), true);
        Suspect assigned = new Suspect(id("r"), "default", 0, loan(WORKER, 5_000), false);

        assertThat(lent(running, waiting("a", 0))).isEqualTo(ids("a"));
        assertThat(lent(assigned, waiting("a", 0))).isEqualTo(ids("a"));
    }

    @Test
    void what_was_to_be_lent_to_a_worker_that_is_gone_is_lent_anew() {
        assertThat(lent(new Suspect(id("a"), "default", 0, loan(BEFORE, 10), false)))
                .isEqualTo(ids("a"));
    }

    @Test
    void a_worker_with_nobody_to_watch_is_stopped_after_a_while() {
        Decision idle = decide(State.initial(), READY, T0);
        Decision busy = decide(
                idle.next(), READY, after(T0, 14_000), new Suspect(id("a"), "default", 0, loan(WORKER, 9), true));
        Decision again = decide(busy.next(), READY, after(T0, 15_000));
        Decision still = decide(again.next(), READY, after(T0, 29_999));
        Decision over = decide(still.next(), READY, after(T0, 30_000));

        assertThat(again.effect()).isEmpty();
        assertThat(still.effect()).isEmpty();
        assertThat(over.effect()).contains(new Effect.Stop());
    }

    /**
     * Whoever the culprit is and however many were in flight with it, it is alone after at most so many deaths as halving
     * takes, and nobody else is ever convicted. Groups enter all at once here, which is the worst that can happen.
     */
    @Test
    void halving_finds_the_culprit_and_nobody_else() {
        for (int seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int count = 1 + random.nextInt(40);
            int culprit = random.nextInt(count);
            int[] company = new int[count];
            Set<Integer> cleared = new HashSet<>();
            int deaths = 0;
            boolean convicted = false;
            for (int round = 0; round < 200 && !convicted; round++) {
                List<Suspect> left = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    if (!cleared.contains(i)) {
                        left.add(waiting("j" + i, company[i]));
                    }
                }
                List<Integer> group = lent(left.toArray(Suspect[]::new)).stream()
                        .map(lent -> indexOf(lent, count))
                        .toList();
                if (group.contains(culprit)) {
                    deaths++;
                    convicted = group.size() == 1;
                    group.forEach(i -> company[i] = group.size());
                } else {
                    cleared.addAll(group);
                }
            }
            assertThat(convicted).as("seed %d", seed).isTrue();
            assertThat(deaths)
                    .as("deaths with %d suspects, seed %d", count, seed)
                    .isLessThanOrEqualTo(2 + (int) Math.ceil(Math.log(count) / Math.log(2)));
        }
    }

    private static int indexOf(JobId wanted, int count) {
        for (int i = 0; i < count; i++) {
            if (id("j" + i).equals(wanted)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no such job: " + wanted);
    }

    private static List<JobId> lent(Suspect... suspects) {
        return decide(State.initial(), READY, T0, suspects)
                .effect()
                .map(effect -> ((Effect.Lend) effect).jobs())
                .orElse(List.of());
    }

    private static Decision decide(State state, Worker worker, long now, Suspect... suspects) {
        return QuarantineDecider.decide(state, List.of(suspects), worker, now);
    }

    private static Suspect waiting(String name, int company) {
        return new Suspect(id(name), "default", company, Optional.empty(), false);
    }

    private static Optional<Loan> loan(Incarnation to, long millis) {
        return Optional.of(new Loan(to, Duration.ofMillis(millis)));
    }

    private static long after(long from, long millis) {
        return from + Duration.ofMillis(millis).toNanos();
    }

    private static List<JobId> ids(String... names) {
        return Arrays.stream(names).map(QuarantineDeciderTest::id).toList();
    }

    private static JobId id(String name) {
        return JobId.of("test", name);
    }
}
