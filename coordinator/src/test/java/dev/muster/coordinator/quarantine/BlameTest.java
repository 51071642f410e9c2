package dev.muster.coordinator.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.coordinator.process.ExitReport;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlameTest {

    /** Runtime.halt with any code, out of memory with a JVM that ends then, a native crash. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 77, 128 + 6, 128 + 11})
    void a_process_that_ends_by_itself_without_a_word_was_ended_by_a_job(int code) {
        assertThat(Blame.ofExit(exit(code), false, true)).isEqualTo(Blame.A_JOB);
    }

    @Test
    void a_kill_may_have_been_the_kernels_or_a_persons() {
        assertThat(Blame.ofExit(exit(128 + 9), false, true)).isEqualTo(Blame.PERHAPS_A_JOB);
    }

    @Test
    void the_exit_of_somebody_elses_child_has_no_code_and_may_be_anything() {
        assertThat(Blame.ofExit(unknown(), false, true)).isEqualTo(Blame.PERHAPS_A_JOB);
    }

    @Test
    void what_was_found_gone_may_have_gone_with_its_host() {
        assertThat(Blame.ofExit(unknown(), false, false)).isEqualTo(Blame.NOBODY);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 128 + 9, 128 + 15})
    void who_was_told_to_end_was_not_ended_by_a_job(int code) {
        assertThat(Blame.ofExit(exit(code), true, true)).isEqualTo(Blame.NOBODY);
    }

    @ParameterizedTest
    @ValueSource(ints = {128 + 1, 128 + 2, 128 + 15})
    void a_request_to_end_by_whomever_blames_no_job(int code) {
        assertThat(Blame.ofExit(exit(code), false, true)).isEqualTo(Blame.NOBODY);
    }

    /** Its root supervisor gave up, it found itself fenced, it drained: its own decision. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void a_worker_that_says_why_it_ends_blames_no_job(int code) {
        ExitReport said = new ExitReport(OptionalInt.of(code), Optional.of("intake: it broke"), List.of());

        assertThat(Blame.ofExit(said, false, true)).isEqualTo(Blame.NOBODY);
    }

    @Test
    void a_wrong_configuration_blames_no_job() {
        assertThat(Blame.ofExit(exit(2), false, true)).isEqualTo(Blame.NOBODY);
    }

    private static ExitReport exit(int code) {
        return new ExitReport(OptionalInt.of(code), Optional.empty(), List.of());
    }

    private static ExitReport unknown() {
        return new ExitReport(OptionalInt.empty(), Optional.empty(), List.of());
    }
}
