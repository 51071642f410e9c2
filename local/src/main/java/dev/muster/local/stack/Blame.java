package dev.muster.local.stack;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.EmbeddedServerException;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Which server it is that the tree gives up for, and what there is to say about it: a supervisor's own reason to end is
 * only that a child has brought it down. Thread-safe.
 */
final class Blame implements Consumer<SupervisionEvent> {
    private final Map<String, EmbeddedServer> servers;
    private final Map<String, RuntimeException> failures = new ConcurrentHashMap<>();
    private volatile Optional<String> culprit = Optional.empty();

    /**
     * @param servers by the name of their child
     */
    Blame(Map<String, EmbeddedServer> servers) {
        this.servers = Map.copyOf(servers);
    }

    /** A child could not be started, for this reason. */
    void failed(String child, RuntimeException failure) {
        failures.put(child, failure);
    }

    @Override
    public void accept(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.Started started -> failures.remove(started.child());
            case SupervisionEvent.StartFailed failed -> blame(failed.child());
            case SupervisionEvent.Escalated escalated -> blame(escalated.child());
            case SupervisionEvent.Exited _, SupervisionEvent.Ended _ -> {}
        }
    }

    /** The first start has failed: for the servers' reason, in words that say what to do, else for the one given. */
    RuntimeException notStarted(Throwable cause) {
        Optional<RuntimeException> failure = culprit.flatMap(name -> Optional.ofNullable(failures.get(name)));
        if (failure.isEmpty()) {
            return new StackException("can't start: " + cause.getMessage(), cause);
        }
        return failure.get() instanceof EmbeddedServerException
                ? new StackException(culprit.get() + " does not start, so nothing does. " + lastWords(), failure.get())
                : failure.get();
    }

    /** The tree has given up. */
    StackException gaveUp(int intensity, Duration period) {
        return new StackException(culprit.orElse("a server")
                + " can't be kept running: more than " + intensity + " restarts within " + period.toSeconds()
                + " s, or too many slow starts that failed, and starting all of the stack again did not help, so everything"
                + " is stopped. "
                + lastWords());
    }

    /** Supervisors are blamed too; the fault is below them. */
    private void blame(String child) {
        if (servers.containsKey(child)) {
            culprit = Optional.of(child);
        }
    }

    private String lastWords() {
        String name = culprit.orElse("");
        EmbeddedServer server = servers.get(name);
        if (server == null) {
            return "";
        }
        RuntimeException failure = failures.get(name);
        String words = failure == null ? lastExit(server.onExit()) : String.valueOf(failure.getMessage());
        return words + "\nAll of its log is in " + server.logFile();
    }

    private static String lastExit(CompletableFuture<ChildProcess.Exit> exit) {
        if (!exit.isDone()) {
            return "";
        }
        ChildProcess.Exit last = exit.join();
        return "It starts, and ends by itself again and again, the last time with code " + last.code()
                + ". Fix what the end of its log names, or what kills it, and start again. Its log ends:\n  "
                + String.join("\n  ", last.lastLines());
    }
}
