package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A run ends once, and says for whom. */
final class RunTest {
    private final Run run = new Run(SampleJob.running());

    @Test
    void the_outcome_of_a_run_in_time_counts_and_one_whose_time_is_over_may_still_have_one() {
        assertThat(run.end()).isEqualTo(Run.End.COUNTS);

        Run late = new Run(SampleJob.running());
        late.timeOut();
        assertThat(late.isTimedOut()).isTrue();
        assertThat(late.end()).isEqualTo(Run.End.COUNTS);
    }

    @Test
    void what_an_abandoned_thread_says_later_counts_for_nobody() {
        run.timeOut();

        assertThat(run.abandon()).isTrue();
        assertThat(run.abandon()).isFalse();
        assertThat(run.isCancelled()).isTrue();
        assertThat(run.isTimedOut())
                .as("so that it is let into no further call")
                .isFalse();
        assertThat(run.end()).isEqualTo(Run.End.ABANDONED);
    }

    @Test
    void a_run_that_ended_in_time_is_not_abandoned() {
        assertThat(run.abandon()).isFalse();
        run.timeOut();
        assertThat(run.end()).isEqualTo(Run.End.COUNTS);
        assertThat(run.abandon()).isFalse();
    }

    @Test
    void a_lost_run_is_lost_whenever_it_ends() {
        run.lose();
        run.timeOut();

        assertThat(run.abandon()).isFalse();
        assertThat(run.end()).isEqualTo(Run.End.LOST);
    }
}
