package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Waits for a child to come up: until it answers, it ends, or time runs out. */
public final class Readiness {
    private static final Duration STEP = Duration.ofMillis(10);

    private Readiness() {}

    /** Returns when the child accepts connections on the port; throws as {@code await} with a condition does. */
    public static void await(String server, ChildProcess child, Duration limit, int port) {
        await(server, child, limit, () -> Ports.accepts(port));
    }

    /**
     * Returns when {@code ready} holds.
     *
     * @throws EmbeddedServerException START_FAILED with the end of the child's log; the child is killed by then
     */
    public static void await(String server, ChildProcess child, Duration limit, BooleanSupplier ready) {
        long start = System.nanoTime();
        while (!ready.getAsBoolean()) {
            // Waiting for the end is also the pause between two looks, and notices an early death at once.
            if (child.awaitExit(STEP)) {
                throw failed(server, "ended with code " + child.onExit().join().code(), child.lastLines());
            }
            if (System.nanoTime() - start > limit.toNanos()) {
                List<String> lastLines = child.lastLines();
                child.killHard();
                throw failed(server, "did not answer within " + limit.toSeconds() + " s and was killed", lastLines);
            }
        }
    }

    private static EmbeddedServerException failed(String server, String what, List<String> lastLines) {
        return new EmbeddedServerException(
                ErrorCode.START_FAILED,
                server + " " + what + " while starting. Fix what the end of its log names (a taken port: configure "
                        + "another; a full disk: free some; damaged files: restore or remove its data folder) and "
                        + "start again. Its log ends:\n  " + String.join("\n  ", lastLines));
    }
}
