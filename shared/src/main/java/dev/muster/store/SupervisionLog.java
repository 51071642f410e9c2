package dev.muster.store;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes a line to the log for each thing that happens under a supervisor, the same in every tree; {@link
 * SupervisionHistory} keeps it. Thread-safe.
 */
public final class SupervisionLog implements Consumer<SupervisionEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(SupervisionLog.class);

    @Override
    public void accept(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.Started(var path, var child, var life, var took, var name) ->
                of(LOG.atInfo(), path, child, life, name)
                        .addKeyValue("took_ms", took.toMillis())
                        .log("In service");
            case SupervisionEvent.StartFailed(var path, var child, var reason) ->
                of(LOG.atWarn(), path, child).addKeyValue("reason", reason).log("Could not be started");
            case SupervisionEvent.Exited(var path, var child, var life, var reason, var stopped, var lived, var name) ->
                exited(
                        of(stopped || reason.isOrderly() ? LOG.atInfo() : LOG.atWarn(), path, child, life, name)
                                .addKeyValue("reason", reason),
                        stopped,
                        reason,
                        lived);
            case SupervisionEvent.Escalated(var path, var child) ->
                of(LOG.atError(), path, child).log("One restart too many; its supervisor gives up");
            case SupervisionEvent.Ended(var path, var reason) ->
                LOG.atInfo()
                        .addKeyValue("path", path)
                        .addKeyValue("reason", reason)
                        .log("The supervisor has ended");
        }
    }

    private static void exited(LoggingEventBuilder line, boolean stopped, ExitReason reason, Duration lived) {
        line.addKeyValue("lived_ms", lived.toMillis())
                .log(stopped ? "Stopped" : reason.isOrderly() ? "Ended by itself" : "Broke down");
    }

    private static LoggingEventBuilder of(
            LoggingEventBuilder line, String path, String child, long life, Optional<String> name) {
        return of(line, path, child).addKeyValue("life", name.orElseGet(() -> Long.toString(life)));
    }

    private static LoggingEventBuilder of(LoggingEventBuilder line, String path, String child) {
        return line.addKeyValue("path", path).addKeyValue("child", child);
    }
}
