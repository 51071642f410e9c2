package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.OwnershipStore.Wish;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A run ends once, and says for whom; and what becomes of one whose job is to be cancelled. */
class RunTest {
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final Wish WISH = new Wish(SampleJob.running().id(), "alice", Optional.empty());

    private final Run run = new Run(SampleJob.running());

    @AfterEach
    void clear() {
        var _ = Thread.interrupted();
    }

    @Test
    void its_thread_is_interrupted_once_the_grace_time_is_over_and_not_again() {
        run.begins(Thread.currentThread());

        assertThat(run.heed(WISH, 0, GRACE)).as("the first look").isTrue();
        assertThat(run.heed(WISH, GRACE.toNanos() - 1, GRACE)).isFalse();
        assertThat(run.isCancelled()).isTrue();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        run.heed(WISH, GRACE.toNanos(), GRACE);
        assertThat(Thread.interrupted()).isTrue();
        run.heed(WISH, 2 * GRACE.toNanos(), GRACE);
        assertThat(Thread.interrupted()).isFalse();
        assertThat(run.isLost()).isFalse();
        assertThat(run.end()).as("its outcome counts").isEqualTo(Run.End.COUNTS);
    }

    @Test
    void a_handler_that_is_entered_after_the_wish_has_its_grace_time() {
        run.heed(WISH, 0, GRACE);
        run.begins(Thread.currentThread());

        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void one_that_is_entered_after_the_grace_time_is_interrupted_at_once() {
        run.heed(WISH, 0, GRACE);
        run.heed(WISH, GRACE.toNanos(), GRACE);
        run.begins(Thread.currentThread());

        assertThat(Thread.interrupted()).isTrue();
    }

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
