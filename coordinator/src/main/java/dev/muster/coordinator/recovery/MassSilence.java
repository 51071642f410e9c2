package dev.muster.coordinator.recovery;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.liveness.LivenessEffect;
import dev.muster.fleet.Incarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records a mass silence as an incident, from its beginning to its end. Confined to liveness' thread. */
public final class MassSilence {
    private static final Logger LOG = LoggerFactory.getLogger(MassSilence.class);

    private final IncidentStore incidents;
    private final Leadership leadership;
    private final Executor tasks;
    private CompletableFuture<Optional<Long>> incident = CompletableFuture.completedFuture(Optional.empty());

    public MassSilence(IncidentStore incidents, Leadership leadership, Executor tasks) {
        this.incidents = incidents;
        this.leadership = leadership;
        this.tasks = tasks;
    }

    /** Takes in what liveness says; does not wait. */
    public void hear(LivenessEffect effect) {
        switch (effect) {
            case LivenessEffect.HoldBegan(Set<Incarnation> silent, int of) -> begin(silent, of);
            case LivenessEffect.HoldEnded(Duration lasted, boolean recovered) -> end(lasted, recovered);
            case LivenessEffect.Probe _, LivenessEffect.Changed _, LivenessEffect.Lost _ -> {}
        }
    }

    private void begin(Set<Incarnation> silent, int of) {
        String summary =
                silent.size() + " of " + of + " workers fell silent together: rather Kafka, the network or this "
                        + "coordinator than the workers. Nobody is declared lost for at most 10 s; exits are still acted on";
        LOG.warn(summary);
        OptionalLong epoch = leadership.epoch();
        if (epoch.isEmpty()) {
            return;
        }
        var detail =
                Map.of("silent", silent.stream().map(Incarnation::id).sorted().toList(), "of", of);
        incident = CompletableFuture.supplyAsync(
                () -> incidents.open("mass_silence", "fleet", summary, detail, epoch.getAsLong()), tasks);
    }

    private void end(Duration lasted, boolean recovered) {
        LOG.warn(
                "The mass silence is over after {} ms: {}",
                lasted.toMillis(),
                recovered ? "the workers are heard again" : "who is still silent is judged now");
        CompletableFuture<Optional<Long>> opened = incident;
        incident = CompletableFuture.completedFuture(Optional.empty());
        tasks.execute(() -> {
            try {
                opened.join()
                        .ifPresent(id ->
                                incidents.close(id, Map.of("lasted_ms", lasted.toMillis(), "recovered", recovered)));
            } catch (StoreException | java.util.concurrent.CompletionException e) {
                LOG.warn("The mass silence could not be recorded: {}", e.getMessage());
            }
        });
    }
}
