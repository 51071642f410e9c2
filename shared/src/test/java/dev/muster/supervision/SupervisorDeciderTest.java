package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.supervision.SupervisorDecider.Decision;
import dev.muster.supervision.SupervisorDecider.Effect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SupervisorDeciderTest {
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final SupervisorSpec SPEC = new SupervisorSpec("default", 4, PERIOD, RestartBackoff.defaults());
    private final SplittableRandom random = new SplittableRandom(7);

    @Test
    void the_first_three_restarts_in_a_row_are_at_once_then_a_pause_grows() {
        SupervisorSpec patient = new SupervisorSpec("default", 100, PERIOD, RestartBackoff.defaults());
        SupervisorState state = SupervisorState.initial();
        List<Duration> delays = new ArrayList<>();

        for (int i = 0; i < 10; i++) {
            Decision decision = SupervisorDecider.ended(patient, state, "worker-1", seconds(i), random);
            state = decision.next();
            delays.add(((Effect.Restart) decision.effect()).delay());
        }

        assertThat(delays.subList(0, 3)).containsOnly(Duration.ZERO);
        assertThat(delays.get(3)).isBetween(Duration.ofMillis(80), Duration.ofMillis(100));
        assertThat(delays.get(4)).isBetween(Duration.ofMillis(160), Duration.ofMillis(200));
        assertThat(delays.get(9)).isBetween(Duration.ofMillis(800), Duration.ofSeconds(1));
    }

    @Test
    void a_child_that_lived_long_enough_to_have_worked_begins_a_new_row() {
        SupervisorState state = restarted(3, "worker-1", 0);

        Decision decision = SupervisorDecider.ended(SPEC, state, "worker-1", seconds(13), random);

        assertThat(decision.effect()).isEqualTo(new Effect.Restart("worker-1", 1, Duration.ZERO));
    }

    @Test
    void the_row_of_one_child_is_not_that_of_another() {
        SupervisorState state = restarted(3, "worker-1", 0);

        Decision decision = SupervisorDecider.ended(SPEC, state, "worker-2", seconds(3), random);

        assertThat(decision.effect()).isEqualTo(new Effect.Restart("worker-2", 1, Duration.ZERO));
    }

    @Test
    void more_restarts_than_the_intensity_within_the_period_are_too_many() {
        SupervisorState state = restarted(4, "worker-1", 0);

        Decision decision = SupervisorDecider.ended(SPEC, state, "worker-2", seconds(9), random);

        assertThat(decision.effect()).isEqualTo(new Effect.GiveUp(5));
        assertThat(SupervisorDecider.ended(SPEC, decision.next(), "worker-3", seconds(1_000), random)
                        .effect())
                .isEqualTo(new Effect.StayDown());
    }

    @Test
    void a_restart_exactly_one_period_ago_still_counts() {
        SupervisorState state = restarted(4, "worker-1", 0);

        assertThat(SupervisorDecider.ended(SPEC, state, "worker-1", seconds(10), random)
                        .effect())
                .isInstanceOf(Effect.GiveUp.class);
        assertThat(SupervisorDecider.ended(SPEC, state, "worker-1", seconds(10) + 1, random)
                        .effect())
                .isInstanceOf(Effect.Restart.class);
    }

    @Test
    void the_monotonic_clock_may_run_over() {
        SupervisorState state = SupervisorDecider.ended(
                        SPEC, SupervisorState.initial(), "worker-1", Long.MAX_VALUE - 5, random)
                .next();

        Decision decision = SupervisorDecider.ended(SPEC, state, "worker-1", Long.MIN_VALUE + 5, random);

        assertThat(decision.next().restarts()).hasSize(2);
    }

    @Test
    void never_more_restarts_than_the_intensity_within_any_period() {
        long seed = Long.getLong("seed", System.nanoTime());
        SplittableRandom chance = new SplittableRandom(seed);
        SupervisorState state = SupervisorState.initial();
        List<Long> done = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < 1_000 && !state.gaveUp(); i++) {
            now += chance.nextLong(seconds(4));
            Decision decision = SupervisorDecider.ended(SPEC, state, "worker-" + chance.nextInt(3), now, chance);
            state = decision.next();
            if (decision.effect() instanceof Effect.Restart) {
                done.add(now);
            }
            long end = now;
            assertThat(done.stream().filter(at -> end - at <= PERIOD.toNanos()).count())
                    .as("seed %d", seed)
                    .isLessThanOrEqualTo(SPEC.intensity());
        }
    }

    @Test
    void what_makes_no_sense_is_refused() {
        assertThatThrownBy(() -> new SupervisorSpec("x", -1, PERIOD, RestartBackoff.defaults()))
                .hasMessage("intensity is negative: -1");
        assertThatThrownBy(() -> new SupervisorSpec("x", 1, Duration.ZERO, RestartBackoff.defaults()))
                .hasMessageContaining("period");
        assertThatThrownBy(() ->
                        new RestartBackoff(0, Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(2)))
                .hasMessageContaining("first <= longest");
    }

    private SupervisorState restarted(int times, String child, int fromSecond) {
        SupervisorState state = SupervisorState.initial();
        for (int i = 0; i < times; i++) {
            state = SupervisorDecider.ended(SPEC, state, child, seconds(fromSecond), random)
                    .next();
        }
        return state;
    }

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }
}
