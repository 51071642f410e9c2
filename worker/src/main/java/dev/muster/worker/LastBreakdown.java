package dev.muster.worker;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what broke last, and ends the worker with it when the tree's root gives up: the root's own reason is only that
 * a part has brought it down. Passes every event on. Called on the threads of several supervisors. Thread-safe.
 */
final class LastBreakdown implements Consumer<SupervisionEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(LastBreakdown.class);

    private final String root;
    private final Consumer<SupervisionEvent> further;
    private final Consumer<String> gaveUp;
    private volatile String last = "";

    /**
     * @param root the path of the supervisor that the worker lives and dies with
     * @param further hears each event; must not wait
     * @param gaveUp told why, when the root gives up
     */
    LastBreakdown(String root, Consumer<SupervisionEvent> further, Consumer<String> gaveUp) {
        this.root = root;
        this.further = further;
        this.gaveUp = gaveUp;
    }

    @Override
    public void accept(SupervisionEvent event) {
        remember(event);
        try {
            further.accept(event);
        } catch (RuntimeException e) { // it runs on the supervisor's thread, without which nothing is restarted
            LOG.atWarn().setCause(e).log("Somebody who hears of the tree broke down; the tree goes on");
        }
        if (event instanceof SupervisionEvent.Escalated(String path, String child) && path.equals(root)) {
            // It would stop the other parts now. Whatever they would still say, others have to be able to do without,
            // and its jobs go on elsewhere the sooner the process is gone.
            gaveUp.accept(child + " broke down too often, the last time by " + last);
        }
    }

    private void remember(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.StartFailed failed -> broke(failed.path(), failed.child(), failed.reason());
            case SupervisionEvent.Exited exited -> {
                if (!exited.stopped() && !exited.reason().isOrderly()) {
                    broke(exited.path(), exited.child(), exited.reason());
                }
            }
            case SupervisionEvent.Started _, SupervisionEvent.Escalated _, SupervisionEvent.Ended _ -> {}
        }
    }

    private void broke(String path, String child, ExitReason reason) {
        last = path + "/" + child + ": "
                + (reason instanceof ExitReason.Crash(String description) ? description : reason);
    }
}
