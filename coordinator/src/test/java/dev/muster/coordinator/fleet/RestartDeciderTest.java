package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.coordinator.fleet.RestartDecider.Decision;
import dev.muster.coordinator.fleet.RestartDecider.Effect;
import dev.muster.supervision.RestartBackoff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RestartDeciderTest {
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final RestartRules SPEC = new RestartRules("default", 4, PERIOD, RestartBackoff.defaults());
    private final SplittableRandom random = new SplittableRandom(7);

    @Test
    void the_first_three_restarts_in_a_row_are_at_once_then_a_pause_grows() {
        RestartRules patient = new RestartRules("default", 100, PERIOD, RestartBackoff.defaults());
        RestartMemory state = RestartMemory.initial();
        List<Duration> delays = new ArrayList<>();

        for (int i = 0; i < 10; i++) {
            Decision decision = RestartDecider.ended(patient, state, "worker-1", seconds(i), random);
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
        RestartMemory state = restarted(3, "worker-1", 0);

        Decision decision = RestartDecider.ended(SPEC, state, "worker-1", seconds(13), random);

        assertThat(decision.effect()).isEqualTo(new Effect.Restart("worker-1", 1, Duration.ZERO));
    }

    @Test
    void the_row_of_one_child_is_not_that_of_another() {
        RestartMemory state = restarted(3, "worker-1", 0);

        Decision decision = RestartDecider.ended(SPEC, state, "worker-2", seconds(3), random);

        assertThat(decision.effect()).isEqualTo(new Effect.Restart("worker-2", 1, Duration.ZERO));
    }

    @Test
    void more_restarts_than_the_intensity_within_the_period_are_too_many() {
        RestartMemory state = restarted(4, "worker-1", 0);

        Decision decision = RestartDecider.ended(SPEC, state, "worker-2", seconds(9), random);

        assertThat(decision.effect()).isEqualTo(new Effect.GiveUp(5));
        assertThat(RestartDecider.ended(SPEC, decision.next(), "worker-3", seconds(1_000), random)
                        .effect())
                .isEqualTo(new Effect.StayDown());
    }

    @Test
    void a_restart_exactly_one_period_ago_still_counts() {
        RestartMemory state = restarted(4, "worker-1", 0);

        assertThat(RestartDecider.ended(SPEC, state, "worker-1", seconds(10), random)
                        .effect())
                .isInstanceOf(Effect.GiveUp.class);
        assertThat(RestartDecider.ended(SPEC, state, "worker-1", seconds(10) + 1, random)
                        .effect())
                .isInstanceOf(Effect.Restart.class);
    }

    @Test
    void the_monotonic_clock_may_run_over() {
        RestartMemory state = RestartDecider.ended(
                        SPEC, RestartMemory.initial(), "worker-1", Long.MAX_VALUE - 5, random)
                .next();

        Decision decision = RestartDecider.ended(SPEC, state, "worker-1", Long.MIN_VALUE + 5, random);

        assertThat(decision.next().restarts()).hasSize(2);
    }

    @Test
    void never_more_restarts_than_the_intensity_within_any_period() {
        long seed = Long.getLong("seed", System.nanoTime());
        SplittableRandom chance = new SplittableRandom(seed);
        RestartMemory state = RestartMemory.initial();
        List<Long> done = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < 1_000 && !state.gaveUp(); i++) {
            now += chance.nextLong(seconds(4));
            Decision decision = RestartDecider.ended(SPEC, state, "worker-" + chance.nextInt(3), now, chance);
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
        assertThatThrownBy(() -> new RestartRules("x", -1, PERIOD, RestartBackoff.defaults()))
                .hasMessage("intensity is negative: -1");
        assertThatThrownBy(() -> new RestartRules("x", 1, Duration.ZERO, RestartBackoff.defaults()))
                .hasMessageContaining("period");
        assertThatThrownBy(() ->
                        new RestartBackoff(0, Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(2)))
                .hasMessageContaining("first <= longest");
    }

    private RestartMemory restarted(int times, String child, int fromSecond) {
        RestartMemory state = RestartMemory.initial();
        for (int i = 0; i < times; i++) {
            state = RestartDecider.ended(SPEC, state, child, seconds(fromSecond), random)
                    .next();
        }
        return state;
    }

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }
}
