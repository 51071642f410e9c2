package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.OwnershipStore.Wish;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of a run whose job is to be cancelled. */
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
        run.entered(Thread.currentThread(), Instant.EPOCH);

        assertThat(run.heed(WISH, 0, GRACE)).as("the first look").isTrue();
        assertThat(run.heed(WISH, GRACE.toNanos() - 1, GRACE)).isFalse();
        assertThat(run.isCancelled()).isTrue();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        run.heed(WISH, GRACE.toNanos(), GRACE);
        assertThat(Thread.interrupted()).isTrue();
        run.heed(WISH, 2 * GRACE.toNanos(), GRACE);
        assertThat(Thread.interrupted()).isFalse();
        assertThat(run.isLost()).isFalse();
        assertThat(run.end()).as("its outcome counts").isTrue();
    }

    @Test
    void a_handler_that_is_entered_after_the_wish_has_its_grace_time() {
        run.heed(WISH, 0, GRACE);
        run.entered(Thread.currentThread(), Instant.EPOCH);

        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void one_that_is_entered_after_the_grace_time_is_interrupted_at_once() {
        run.heed(WISH, 0, GRACE);
        run.heed(WISH, GRACE.toNanos(), GRACE);
        run.entered(Thread.currentThread(), Instant.EPOCH);

        assertThat(Thread.interrupted()).isTrue();
    }
}
