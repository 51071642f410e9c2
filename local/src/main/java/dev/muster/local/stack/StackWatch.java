package dev.muster.local.stack;

import dev.muster.embedded.EmbeddedServer;
import dev.muster.local.StopRequest;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * Starts a server of the local stack again when it ends by itself: on its old port and data, so that nobody else has to
 * be told. One that ends too often ends the stack. The fleet is the coordinator's affair.
 */
public final class StackWatch {
    /** Of the whole stack; more within the period, and it is not bad luck any more. */
    static final int INTENSITY = 10;

    static final Duration PERIOD = Duration.ofSeconds(60);

    private StackWatch() {}

    /**
     * Returns when the end is asked for.
     *
     * @throws StackException when servers end more often than they may
     */
    public static void keepUp(LocalStack stack, StopRequest stop, Ticker ticker, Consumer<String> say) {
        Deque<Long> restarts = new ArrayDeque<>();
        while (!stop.isAsked()) {
            awaitEnd(stack, stop);
            for (Map.Entry<String, EmbeddedServer> entry : stack.servers().entrySet()) {
                if (!stop.isAsked() && !entry.getValue().running()) {
                    note(restarts, ticker.nanos(), entry.getKey());
                    say.accept(entry.getKey() + " has ended; starting it again (its log: "
                            + entry.getValue().logFile() + ")");
                    entry.getValue().start();
                    stack.noteProperties();
                }
            }
        }
    }

    private static void awaitEnd(LocalStack stack, StopRequest stop) {
        CompletableFuture<?>[] ends =
                stack.servers().values().stream().map(EmbeddedServer::onExit).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.anyOf(stop.asked(), CompletableFuture.anyOf(ends)).get();
        } catch (InterruptedException _) {
            // How the end is asked for; the loop looks.
        } catch (ExecutionException e) {
            throw new StackException("can't watch the servers: " + e.getMessage(), e);
        }
    }

    private static void note(Deque<Long> restarts, long now, String server) {
        restarts.addLast(now);
        while (now - restarts.getFirst() > PERIOD.toNanos()) {
            restarts.removeFirst();
        }
        if (restarts.size() > INTENSITY) {
            throw new StackException(server + " has ended; more than " + INTENSITY + " restarts within "
                    + PERIOD.toSeconds() + " s, so everything is stopped. Its log says why");
        }
    }
}
