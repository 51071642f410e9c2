package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.job.JobCancelledException;
import dev.muster.job.JobContext;
import dev.muster.job.NothingDoneException;
import dev.muster.job.ParkedException;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Which steps a run closes: those whose outcome is known. */
class RunContextTest {
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final Wish WISH = new Wish(SampleJob.running().id(), "alice", Optional.empty());

    private final Run run = new Run(SampleJob.running());

    @Test
    void an_answer_closes_the_step() throws Exception {
        context(Optional.empty()).effect("charge", key -> "paid");

        assertThat(run.closedSteps()).containsExactly("charge");
    }

    @Test
    void a_call_that_breaks_leaves_the_step_open() {
        assertThatThrownBy(() -> context(Optional.empty()).effect("charge", key -> {
                    throw new IOException("reset");
                }))
                .isInstanceOf(IOException.class);

        assertThat(run.closedSteps()).isEmpty();
    }

    @Test
    void a_first_call_that_did_nothing_closes_the_step() {
        assertThatThrownBy(() -> context(Optional.empty()).effect("charge", key -> {
                    throw new ParkedException("the circuit is open", Duration.ofSeconds(2));
                }))
                .isInstanceOf(NothingDoneException.class);

        assertThat(run.closedSteps())
                .as("nothing was sent, so the job may still expire")
                .containsExactly("charge");
    }

    @Test
    void a_call_that_did_nothing_says_nothing_about_an_earlier_one_without_an_answer() {
        Instant before = Instant.parse("2026-01-01T00:00:00Z");
        JobContext context = context(Optional.of(before));

        assertThatThrownBy(() -> context.effect("charge", key -> {
                    assertThat(context.unansweredSince("charge")).contains(before);
                    throw new NothingDoneException("429");
                }))
                .hasMessage("429");

        assertThat(run.closedSteps()).isEmpty();
    }

    @Test
    void a_step_that_was_refused_is_open_again_once_it_is_called_again_in_the_same_run() {
        RunContext context = contextThatRemembers();
        assertThatThrownBy(() -> context.effect("charge", key -> {
                    throw new NothingDoneException("429");
                }))
                .hasMessage("429");
        assertThat(run.closedSteps()).containsExactly("charge");

        assertThatThrownBy(() -> context.effect("charge", key -> {
                    assertThat(context.unansweredSince("charge"))
                            .as("nothing was done before")
                            .isEmpty();
                    throw new IOException("reset after it was sent");
                }))
                .isInstanceOf(IOException.class);

        assertThat(run.closedSteps()).as("nobody knows what came of it").isEmpty();
    }

    @Test
    void a_job_that_is_to_be_cancelled_begins_no_call_however_often_its_handler_tries() {
        run.heed(WISH, 0, GRACE);
        RunContext context = contextThatRemembers();

        for (int tries = 0; tries < 3; tries++) {
            assertThatThrownBy(() -> context.effect("charge", key -> "paid")).isInstanceOf(JobCancelledException.class);
        }

        assertThat(run.closedSteps()).contains("charge");
    }

    @Test
    void a_job_that_is_to_be_cancelled_begins_no_new_call() {
        run.heed(WISH, 0, GRACE);

        assertThat(context(Optional.empty()).isCancelled()).isTrue();
        assertThatThrownBy(() -> context(Optional.empty()).effect("charge", key -> "paid"))
                .isInstanceOf(JobCancelledException.class);
        assertThat(run.closedSteps()).as("nothing was sent").containsExactly("charge");
    }

    @Test
    void a_job_that_is_to_be_cancelled_repeats_a_call_without_an_answer() throws Exception {
        run.heed(WISH, 0, GRACE);

        String answer = context(Optional.of(Instant.EPOCH)).effect("charge", key -> "paid");

        assertThat(answer).isEqualTo("paid");
        assertThat(run.closedSteps()).containsExactly("charge");
    }

    @Test
    void progress_is_what_was_said_last_and_is_told_once() {
        JobContext context = context(Optional.empty());
        context.progress(10, "begun");
        context.progress(20, "x".repeat(300));

        assertThat(run.takeProgress()).hasValueSatisfying(said -> {
            assertThat(said.percent()).isEqualTo(20);
            assertThat(said.note()).hasSize(200);
        });
        assertThat(run.takeProgress()).isEmpty();
        assertThatThrownBy(() -> context.progress(101, "")).isInstanceOf(IllegalArgumentException.class);
    }

    /** As Postgres does: an intent stays open within a run, since steps are closed at its end. */
    private RunContext contextThatRemembers() {
        AtomicReference<Optional<Instant>> opened = new AtomicReference<>(Optional.empty());
        EffectGuard.Intents intents = request -> CompletableFuture.completedFuture(Optional.of(
                new Intent(request.id(), request.step(), "key", opened.getAndSet(Optional.of(Instant.EPOCH)))));
        return new RunContext(run, intents, () -> {}, FaultPoint.Listener.none(), Ticker.system());
    }

    private JobContext context(Optional<Instant> unansweredSince) {
        EffectGuard.Intents intents = request -> CompletableFuture.completedFuture(
                Optional.of(new Intent(request.id(), request.step(), "key", unansweredSince)));
        return new RunContext(run, intents, () -> {}, FaultPoint.Listener.none(), Ticker.system());
    }
}
