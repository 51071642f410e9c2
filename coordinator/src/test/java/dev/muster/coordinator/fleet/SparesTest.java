package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Activation;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SparesTest {
    private static final Activation LIFE = new Activation(Map.of(), "some.log");

    private final Queue<Runnable> resting = new ArrayDeque<>();
    private final List<Process> started = new ArrayList<>();
    private final Spares spares = new Spares(1, this::start, resting::add);

    @AfterEach
    void end() {
        spares.dismiss();
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void there_is_none_before_it_is_admitted_and_has_rested() {
        spares.refillSoon();
        assertThat(resting).isEmpty();

        spares.admit();
        assertThat(started).isEmpty();
        rest();

        assertThat(started).hasSize(1);
        assertThat(spares.activate(LIFE)).contains(started.getFirst());
        assertThat(spares.activate(LIFE)).isEmpty();
    }

    @Test
    void what_is_asked_for_during_a_rest_is_one_refill() {
        spares.admit();
        spares.refillSoon();
        rest();

        assertThat(started).hasSize(1);
        assertThat(resting).isEmpty();
    }

    @Test
    void each_one_that_is_taken_is_replaced_after_a_rest() {
        spares.admit();
        rest();
        Optional<Process> first = spares.activate(LIFE);
        spares.refillSoon();
        rest();

        assertThat(started).hasSize(2);
        assertThat(spares.activate(LIFE)).isPresent().isNotEqualTo(first);
    }

    @Test
    void one_that_was_dismissed_ends_and_none_comes_until_it_is_admitted_again() throws Exception {
        spares.admit();
        rest();
        spares.refillSoon();
        spares.dismiss();
        rest();

        assertThat(started.getFirst().waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(started).hasSize(1);

        spares.admit();
        rest();
        assertThat(started).hasSize(2);
    }

    private Process start() throws IOException {
        Process process = new ProcessBuilder("cat").start();
        started.add(process);
        return process;
    }

    /** A rest is over. */
    private void rest() {
        resting.remove().run();
    }
}
