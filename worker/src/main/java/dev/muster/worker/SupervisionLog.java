package dev.muster.worker;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes a line for each event of the worker's tree, passes it on, and ends the worker when the tree's root gives up.
 * Called on the threads of several supervisors. Thread-safe.
 */
final class SupervisionLog implements Consumer<SupervisionEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(SupervisionLog.class);

    private final String root;
    private final Consumer<SupervisionEvent> further;
    private final Consumer<String> gaveUp;
    private volatile String lastBreakdown = "";

    /**
     * A log.
     *
     * @param root the path of the supervisor that the worker lives and dies with
     * @param further hears each event after it was written; must not wait
     * @param gaveUp told why, when the root gives up
     */
    SupervisionLog(String root, Consumer<SupervisionEvent> further, Consumer<String> gaveUp) {
        this.root = root;
        this.further = further;
        this.gaveUp = gaveUp;
    }

    @Override
    public void accept(SupervisionEvent event) {
        write(event);
        try {
            further.accept(event);
        } catch (RuntimeException e) { // it runs on the supervisor's thread, without which nothing is restarted
            LOG.atWarn().setCause(e).log("Somebody who hears of the tree broke down; the tree goes on");
        }
        if (event instanceof SupervisionEvent.Escalated(String path, String child) && path.equals(root)) {
            // It would stop the other parts now. Whatever they would still say, others have to be able to do without,
            // and its jobs go on elsewhere the sooner the process is gone.
            gaveUp.accept(child + " broke down too often, the last time by " + lastBreakdown);
        }
    }

    private void write(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.Started(var path, var child, var incarnation, var took, var _) ->
                of(LOG.atInfo(), path, child)
                        .addKeyValue("life", incarnation)
                        .addKeyValue("took_ms", took.toMillis())
                        .log("In service");
            case SupervisionEvent.StartFailed(var path, var child, var reason) -> {
                broke(path, child, reason);
                of(LOG.atWarn(), path, child).addKeyValue("reason", reason).log("Could not be started");
            }
            case SupervisionEvent.Exited(
                    var path,
                    var child,
                    var incarnation,
                    var reason,
                    var stopped,
                    var lived,
                    var _) -> {
                if (!stopped && !reason.isOrderly()) {
                    broke(path, child, reason);
                }
                of(stopped ? LOG.atInfo() : LOG.atWarn(), path, child)
                        .addKeyValue("life", incarnation)
                        .addKeyValue("reason", reason)
                        .addKeyValue("lived_ms", lived.toMillis())
                        .log(stopped ? "Stopped" : "Broke down");
            }
            case SupervisionEvent.Escalated(var path, var child) ->
                of(LOG.atError(), path, child).log("One restart too many; its supervisor gives up");
            case SupervisionEvent.Ended(var path, var reason) ->
                LOG.atInfo()
                        .addKeyValue("path", path)
                        .addKeyValue("reason", reason)
                        .log("The supervisor has ended");
        }
    }

    private void broke(String path, String child, ExitReason reason) {
        lastBreakdown = path + "/" + child + ": "
                + (reason instanceof ExitReason.Crash(String description) ? description : reason);
    }

    private static LoggingEventBuilder of(LoggingEventBuilder line, String path, String child) {
        return line.addKeyValue("path", path).addKeyValue("child", child);
    }
}
