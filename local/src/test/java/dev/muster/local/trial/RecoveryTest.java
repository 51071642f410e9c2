package dev.muster.local.trial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.store.AuditReader;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecoveryTest {
    private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");
    private static final JobId JOB = JobId.of("test", "1");

    @Test
    void counts_from_the_kill_until_the_handler_is_entered_again() {
        Recovery recovery = Recovery.of(evidence(
                List.of(run(1, "w.1", "interrupted", 10)),
                Optional.of(last(2, 700)),
                new Evidence.Kill("w.1", at(400))));

        assertThat(recovery).isEqualTo(new Recovery(List.of(300L), 0));
    }

    @Test
    void two_kills_count_each() {
        Recovery recovery = Recovery.of(evidence(
                List.of(run(1, "w.1", "interrupted", 10), run(2, "w.2", "interrupted", 600)),
                Optional.of(last(3, 1500)),
                new Evidence.Kill("w.1", at(400)),
                new Evidence.Kill("w.2", at(1000))));

        assertThat(recovery).isEqualTo(new Recovery(List.of(200L, 500L), 0));
    }

    @Test
    void a_second_run_that_never_entered_its_handler_does_not_end_the_first_interruption() {
        Recovery recovery = Recovery.of(evidence(
                List.of(
                        run(1, "w.1", "interrupted", 10),
                        new AuditReader.EndedRun(JOB, 2, "w.2", "interrupted", at(500), Optional.empty())),
                Optional.of(last(3, 1500)),
                new Evidence.Kill("w.1", at(400))));

        assertThat(recovery.millis()).containsExactly(1100L);
    }

    @Test
    void what_was_never_entered_again_is_counted_apart() {
        Recovery recovery = Recovery.of(evidence(
                List.of(run(1, "w.1", "interrupted", 10)), Optional.empty(), new Evidence.Kill("w.1", at(400))));

        assertThat(recovery).isEqualTo(new Recovery(List.of(), 1));
    }

    @Test
    void retries_and_deaths_that_nobody_caused_are_left_out() {
        Recovery recovery = Recovery.of(evidence(
                List.of(run(1, "w.1", "retried", 10), run(2, "w.9", "interrupted", 600)),
                Optional.of(last(3, 1500)),
                new Evidence.Kill("w.1", at(400))));

        assertThat(recovery).isEqualTo(new Recovery(List.of(), 0));
    }

    private static Instant at(long millis) {
        return START.plusMillis(millis);
    }

    private static AuditReader.EndedRun run(int attempt, String incarnation, String outcome, long enteredMs) {
        return new AuditReader.EndedRun(JOB, attempt, incarnation, outcome, at(enteredMs), Optional.of(at(enteredMs)));
    }

    private static AuditReader.FinalJob last(int attempt, long enteredMs) {
        return new AuditReader.FinalJob(
                JOB,
                "q",
                Optional.empty(),
                0,
                JobState.SUCCEEDED,
                attempt,
                Optional.of(at(enteredMs)),
                Optional.of(at(enteredMs)),
                START,
                START,
                at(enteredMs + 100));
    }

    private static Evidence evidence(
            List<AuditReader.EndedRun> runs, Optional<AuditReader.FinalJob> last, Evidence.Kill... kills) {
        return new Evidence(List.of(), last.stream().toList(), List.of(), runs, List.of(), List.of(kills));
    }
}
