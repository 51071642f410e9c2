package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.job.JobContext;
import dev.muster.job.NothingDoneException;
import dev.muster.job.ParkedException;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.worker.FaultPoint;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which steps a run closes: those whose outcome is known. */
class RunContextTest {
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

    private JobContext context(Optional<Instant> unansweredSince) {
        EffectGuard.Intents intents = request -> CompletableFuture.completedFuture(
                Optional.of(new Intent(request.id(), request.step(), "key", unansweredSince)));
        return new RunContext(run, intents, () -> {}, FaultPoint.Listener.none());
    }
}
