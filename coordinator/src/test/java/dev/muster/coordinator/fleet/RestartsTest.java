package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.Incarnation;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartsTest {
    /** Runs over soon: only differences count. */
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);

    private final Ticker ticker = new Ticker() {
        @Override
        public long nanos() {
            return now.get();
        }

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }
    };
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Restarts restarts = new Restarts(FleetRules.of(Settings.of(Map.of())), meters, ticker);

    @Test
    void the_first_three_in_a_row_are_at_once_then_a_pause_grows() {
        List<Duration> pauses = new ArrayList<>();
        for (int i = 1; i <= 10; i++) {
            pauses.add(restarts.after(crash("worker-1", i)));
            pass(Duration.ofSeconds(1));
        }

        assertThat(pauses.subList(0, 3)).containsOnly(Duration.ZERO);
        assertThat(pauses.get(3)).isBetween(Duration.ofMillis(80), Duration.ofMillis(100));
        assertThat(pauses.get(4)).isBetween(Duration.ofMillis(160), Duration.ofMillis(200));
        assertThat(pauses.get(9)).isBetween(Duration.ofMillis(800), Duration.ofSeconds(1));
    }

    @Test
    void one_that_lived_long_enough_to_have_worked_begins_a_new_row() {
        crashed("worker-1", 3);
        pass(Duration.ofMillis(2_001));

        assertThat(restarts.after(crash("worker-1", 4))).isZero();
    }

    @Test
    void the_row_of_one_worker_is_not_that_of_another() {
        crashed("worker-1", 3);

        assertThat(restarts.after(crash("worker-2", 1))).isZero();
        assertThat(restarts.after(crash("worker-1", 4))).isPositive();
    }

    @Test
    void one_that_was_stopped_with_its_group_has_no_pause() {
        crashed("worker-1", 3);

        Death stopped = new Death.Exit(new Incarnation("worker-1.4"), "default", report(143), true);
        assertThat(restarts.after(stopped)).isZero();
        assertThat(count("requested")).isEqualTo(1);
        assertThat(count("crash")).isEqualTo(3);
    }

    @Test
    void silence_is_counted_apart() {
        restarts.after(
                new Death.Silence(new Incarnation("worker-1.1"), "default", Duration.ofSeconds(2), Optional.empty()));

        assertThat(count("heartbeat_lost")).isEqualTo(1);
    }

    private void crashed(String worker, int times) {
        for (int i = 1; i <= times; i++) {
            restarts.after(crash(worker, i));
        }
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private double count(String reason) {
        return MeterName.SUPERVISOR_RESTARTS.counter(meters, "default", reason).count();
    }

    private static Death crash(String worker, int number) {
        return new Death.Exit(new Incarnation(worker + "." + number), "default", report(1), false);
    }

    private static ExitReport report(int code) {
        return new ExitReport(OptionalInt.of(code), Optional.empty(), List.of());
    }
}
