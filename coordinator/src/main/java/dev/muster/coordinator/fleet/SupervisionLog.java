package dev.muster.coordinator.fleet;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line for each thing that happens under the fleet's supervisor. Thread-safe. */
public final class SupervisionLog implements Consumer<SupervisionEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(SupervisionLog.class);

    @Override
    public void accept(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.Started(String path, String child, long _, Duration took, Optional<String> name) ->
                LOG.info("{}: {} is in service after {} ms", path, name.orElse(child), took.toMillis());
            case SupervisionEvent.StartFailed(String path, String child, ExitReason reason) ->
                LOG.warn("{}: {} could not be started: {}", path, child, reason);
            case SupervisionEvent.Exited(
                    String path,
                    String child,
                    long _,
                    ExitReason reason,
                    boolean stopped,
                    Duration lived,
                    Optional<String> name) ->
                LOG.info(
                        "{}: {} {} after {} ms: {}",
                        path,
                        name.orElse(child),
                        stopped ? "was stopped" : "has ended",
                        lived.toMillis(),
                        reason);
            case SupervisionEvent.Escalated(String path, String child) ->
                LOG.error("{}: one restart too many, of {}; stops all and gives up", path, child);
            case SupervisionEvent.Ended(String path, ExitReason reason) -> LOG.info("{} has ended: {}", path, reason);
        }
    }
}
