package dev.muster.coordinator.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** On fake time: one tick every 50 ms, as the loop has them. */
class LivenessDeciderTest {
    private static final LivenessConfig CONFIG = LivenessConfig.of(dev.muster.config.Settings.of(Map.of()));
    private static final Incarnation ONE = new Incarnation("worker-1.1");
    private static final Incarnation TWO = new Incarnation("worker-2.1");
    private static final Incarnation THREE = new Incarnation("worker-3.1");

    private static final HealthAddress ADDRESS = new HealthAddress("127.0.0.1", 8081);

    private final LivenessDecider decider = new LivenessDecider(CONFIG);
    private LivenessState state = LivenessState.initial();
    private final List<LivenessEffect> effects = new ArrayList<>();
    private long now = Long.MAX_VALUE - Duration.ofSeconds(5).toNanos(); // the clock runs over in the middle

    @Test
    void a_worker_that_is_heard_is_healthy() {
        take(new LivenessEvent.Expected(ONE, Optional.empty()));
        assertThat(status(ONE)).isEqualTo(WorkerStatus.STARTING);

        hear(ONE);
        pass(700, true);

        assertThat(status(ONE)).isEqualTo(WorkerStatus.HEALTHY);
    }

    @Test
    void silence_makes_it_suspect_and_its_port_is_asked() {
        hear(ONE);
        pass(800, true);

        assertThat(status(ONE)).isEqualTo(WorkerStatus.SUSPECT);
        assertThat(effects).contains(new LivenessEffect.Probe(ONE));
    }

    @Test
    void silence_alone_never_makes_it_lost() {
        hear(ONE);
        pass(60_000, true);

        assertThat(lost()).isEmpty();
        assertThat(effects.stream()
                        .filter(LivenessEffect.Probe.class::isInstance)
                        .count())
                .as("askings, though none is ever answered")
                .isGreaterThan(50);
    }

    @Test
    void a_port_that_answers_keeps_it() {
        hear(ONE);
        pass(800, true);
        take(new LivenessEvent.Probed(ONE, true));
        pass(5_000, true);

        assertThat(lost()).isEmpty();
    }

    @Test
    void silence_and_a_dead_port_make_it_lost_once() {
        hear(ONE);
        pass(800, true);
        take(new LivenessEvent.Probed(ONE, false));
        assertThat(lost()).isEmpty();

        pass(2_000, true);

        assertThat(lost()).containsExactly(ONE);
        assertThat(status(ONE)).isEqualTo(WorkerStatus.LOST);
    }

    @Test
    void it_is_lost_at_the_first_dead_answer_after_the_threshold() {
        hear(ONE);
        pass(750, true);
        pass(500, true);
        take(new LivenessEvent.Probed(ONE, false));
        pass(500, true);
        assertThat(lost()).as("the second asking has no answer yet").isEmpty();
        take(new LivenessEvent.Probed(ONE, false));
        pass(50, true);

        Duration silence = effects.stream()
                .filter(LivenessEffect.Lost.class::isInstance)
                .map(effect -> ((LivenessEffect.Lost) effect).silence())
                .findFirst()
                .orElseThrow();
        assertThat(silence).isBetween(Duration.ofMillis(1_750), Duration.ofMillis(1_850));
    }

    /** As long as a bad garbage collection: the port was dead, and its answer is there before its heartbeat. */
    @Test
    void one_that_stood_still_and_answers_again_is_kept() {
        hear(ONE);
        pass(1_300, true);
        take(new LivenessEvent.Probed(ONE, false));
        pass(250, true);
        take(new LivenessEvent.Probed(ONE, true));
        pass(50, true);

        assertThat(lost()).isEmpty();
    }

    @Test
    void a_heartbeat_in_time_clears_the_suspicion_and_the_probe() {
        hear(ONE);
        pass(800, true);
        take(new LivenessEvent.Probed(ONE, false));
        hear(ONE);
        pass(800, true);

        assertThat(status(ONE)).isEqualTo(WorkerStatus.SUSPECT);
        pass(1_000, true);
        assertThat(lost()).isEmpty();
    }

    @Test
    void while_the_topic_is_not_read_to_its_end_nobody_is_judged() {
        hear(ONE);
        pass(10_000, false);

        assertThat(status(ONE)).isEqualTo(WorkerStatus.HEALTHY);
    }

    @Test
    void after_an_own_pause_everybody_gets_a_full_fresh_window() {
        hear(ONE);
        pass(800, true);
        take(new LivenessEvent.Probed(ONE, false));
        now += Duration.ofSeconds(20).toNanos();

        pass(700, true);

        assertThat(lost()).isEmpty();
        assertThat(status(ONE)).isEqualTo(WorkerStatus.HEALTHY);
    }

    @Test
    void a_new_leader_gives_everybody_a_fresh_window() {
        hear(ONE);
        pass(1_400, true);
        take(new LivenessEvent.Probed(ONE, false));
        take(new LivenessEvent.FreshStart());
        pass(700, true);

        assertThat(lost()).isEmpty();
    }

    @Test
    void one_that_never_speaks_is_lost_when_its_start_window_is_over() {
        take(new LivenessEvent.Expected(ONE, Optional.empty()));
        pass(29_000, true);
        assertThat(lost()).isEmpty();

        pass(2_000, true);

        assertThat(lost()).containsExactly(ONE);
    }

    @Test
    void one_that_died_before_it_spoke_is_lost_when_its_port_is_dead_for_four_times_as_long() {
        take(new LivenessEvent.Expected(ONE, Optional.empty()));
        pass(5_000, true);
        assertThat(effects).isEmpty(); // how long a JVM takes to start is nobody's fault

        take(new LivenessEvent.Expected(ONE, Optional.of(ADDRESS)));
        pass(CONFIG.suspectAfter().toMillis() + 100, true);
        assertThat(effects).contains(new LivenessEffect.Probe(ONE));
        take(new LivenessEvent.Probed(ONE, false));
        pass(CONFIG.lostAfter().toMillis(), true);
        assertThat(lost()).as("it may still be starting").isEmpty();
        pass(CONFIG.lostUnheardAfter().toMillis(), true);

        assertThat(lost()).containsExactly(ONE);
    }

    @Test
    void one_that_listens_but_has_not_spoken_is_kept() {
        take(new LivenessEvent.Expected(ONE, Optional.of(ADDRESS)));
        pass(CONFIG.suspectAfter().toMillis() + 100, true);
        take(new LivenessEvent.Probed(ONE, true));
        pass(25_000, true);
        assertThat(lost()).isEmpty();

        pass(10_000, true);
        assertThat(lost()).as("after the start window").containsExactly(ONE);
    }

    @Test
    void a_zombie_does_not_come_back() {
        hear(ONE);
        take(new LivenessEvent.Ended(ONE));
        hear(ONE);
        take(new LivenessEvent.Expected(ONE, Optional.empty()));

        assertThat(state.workers()).isEmpty();
    }

    @Test
    void mass_silence_is_held_for_ten_seconds_then_judged() {
        hearAll();
        pass(800, true);
        deadPorts(ONE, TWO);
        hear(THREE);
        for (int i = 0; i < 90; i++) {
            pass(100, true);
            hear(THREE);
        }
        assertThat(lost()).isEmpty();
        assertThat(effects).anyMatch(LivenessEffect.HoldBegan.class::isInstance);

        for (int i = 0; i < 20; i++) {
            pass(100, true);
            hear(THREE);
        }

        assertThat(lost()).containsExactly(ONE, TWO);
        assertThat(effects)
                .anyMatch(e -> e instanceof LivenessEffect.HoldEnded(Duration _, boolean recovered) && !recovered);
    }

    @Test
    void after_a_mass_silence_that_ends_everybody_gets_a_fresh_window() {
        hearAll();
        pass(800, true);
        deadPorts(ONE, TWO, THREE);
        pass(2_000, true);
        hear(ONE);
        hear(TWO);
        pass(50, true);

        assertThat(effects)
                .anyMatch(e -> e instanceof LivenessEffect.HoldEnded(Duration _, boolean recovered) && recovered);
        hear(ONE);
        hear(TWO);
        pass(600, true);
        assertThat(lost()).isEmpty();
    }

    @Test
    void one_of_three_is_no_mass() {
        hearAll();
        for (int i = 0; i < 20; i++) {
            pass(100, true);
            hear(TWO);
            hear(THREE);
            if (status(ONE) == WorkerStatus.SUSPECT) {
                take(new LivenessEvent.Probed(ONE, false));
            }
        }

        assertThat(lost()).containsExactly(ONE);
        assertThat(effects).noneMatch(LivenessEffect.HoldBegan.class::isInstance);
    }

    @Test
    void whoever_speaks_in_time_is_never_lost_whatever_else_happens() {
        long seed = Long.getLong("seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        List<Incarnation> all = List.of(ONE, TWO, THREE);
        for (int i = 0; i < 2_000; i++) {
            hear(ONE);
            switch (random.nextInt(6)) {
                case 0 -> hear(all.get(random.nextInt(3)));
                case 1 -> take(new LivenessEvent.Probed(all.get(random.nextInt(3)), random.nextBoolean()));
                case 2 ->
                    take(new LivenessEvent.Expected(
                            all.get(random.nextInt(3)),
                            random.nextBoolean() ? Optional.of(ADDRESS) : Optional.empty()));
                case 3 -> take(new LivenessEvent.FreshStart());
                default -> pass(random.nextInt(1, 1_400), random.nextInt(4) > 0);
            }
            assertThat(lost()).as("seed %d", seed).doesNotContain(ONE);
        }
    }

    private void hearAll() {
        hear(ONE);
        hear(TWO);
        hear(THREE);
    }

    private void deadPorts(Incarnation... incarnations) {
        for (Incarnation incarnation : incarnations) {
            take(new LivenessEvent.Probed(incarnation, false));
        }
    }

    private void hear(Incarnation incarnation) {
        take(new LivenessEvent.Heard(new Heartbeat(
                incarnation,
                1,
                "default",
                Heartbeat.Phase.RUNNING,
                "127.0.0.1",
                1,
                1,
                64,
                0,
                new Heartbeat.Counters(0, 0, 0, 0),
                Map.of())));
    }

    private void pass(long millis, boolean readToEnd) {
        for (long left = millis; left > 0; left -= 50) {
            now += Duration.ofMillis(Math.min(50, left)).toNanos();
            take(new LivenessEvent.Tick(readToEnd));
        }
    }

    private void take(LivenessEvent event) {
        LivenessDecider.Decision decision = decider.decide(state, event, now);
        state = decision.next();
        effects.addAll(decision.effects());
    }

    private WorkerStatus status(Incarnation incarnation) {
        return Objects.requireNonNull(state.workers().get(incarnation)).status();
    }

    private List<Incarnation> lost() {
        return effects.stream()
                .filter(LivenessEffect.Lost.class::isInstance)
                .map(effect -> ((LivenessEffect.Lost) effect).incarnation())
                .toList();
    }
}
