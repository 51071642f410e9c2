package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class OverdueTest {
    private final Overdue overdue = new Overdue();
    private final FakeProcess process = new FakeProcess();

    @Test
    void one_that_runs_on_though_it_is_fenced_is_overdue_at_the_fourth_survey() {
        for (int i = 0; i < 3; i++) {
            assertThat(overdue.surveyed(Set.of(), List.of(process))).isEmpty();
        }

        assertThat(overdue.surveyed(Set.of(), List.of(process))).containsExactly(process);
    }

    @Test
    void one_that_is_live_after_all_begins_anew() {
        for (int i = 0; i < 3; i++) {
            overdue.surveyed(Set.of(), List.of(process));
        }
        overdue.surveyed(Set.of(process.incarnation()), List.of(process));

        assertThat(overdue.surveyed(Set.of(), List.of(process))).isEmpty();
    }

    @Test
    void one_that_has_ended_is_not_overdue() {
        process.exit.complete(ExitReport.notStarted("for this test"));

        for (int i = 0; i < 10; i++) {
            assertThat(overdue.surveyed(Set.of(), List.of(process))).isEmpty();
        }
    }

    private static final class FakeProcess implements WorkerProcess {
        private final CompletableFuture<ExitReport> exit = new CompletableFuture<>();

        @Override
        public Incarnation incarnation() {
            return new Incarnation("worker-1.1");
        }

        @Override
        public long pid() {
            return 1;
        }

        @Override
        public Optional<Instant> startedAt() {
            return Optional.empty();
        }

        @Override
        public CompletableFuture<ExitReport> onExit() {
            return exit;
        }

        @Override
        public void terminate() {
            throw new AssertionError("nobody asks it to end");
        }

        @Override
        public void kill() {
            throw new AssertionError("nobody kills it");
        }
    }
}
