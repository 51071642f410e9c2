package dev.muster.local.stack;

import dev.muster.embedded.EmbeddedServer;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Tells people in a line what becomes of the servers. Thread-safe. */
final class News implements Consumer<SupervisionEvent> {
    private final Map<String, EmbeddedServer> servers;
    private final Consumer<String> say;
    /** One that can't be started is tried again at once, up to ten times: people hear of the first. */
    private final Set<String> failing = ConcurrentHashMap.newKeySet();

    /**
     * @param servers by the name of their child
     * @param say gets the lines for people
     */
    News(Map<String, EmbeddedServer> servers, Consumer<String> say) {
        this.servers = Map.copyOf(servers);
        this.say = say;
    }

    @Override
    public void accept(SupervisionEvent event) {
        switch (event) {
            case SupervisionEvent.Started started -> started(started);
            case SupervisionEvent.StartFailed failed -> failed(failed);
            case SupervisionEvent.Exited exited -> exited(exited);
            case SupervisionEvent.Escalated escalated ->
                say.accept("too many restarts because of " + escalated.child() + ": its supervisor " + escalated.path()
                        + " gives up and stops what it has started");
            case SupervisionEvent.Ended _ -> {}
        }
    }

    private void started(SupervisionEvent.Started started) {
        failing.remove(started.child());
        EmbeddedServer server = servers.get(started.child());
        if (server != null) {
            say.accept(started.child() + " started in " + seconds(started.took()) + ", pid " + server.pid());
        }
    }

    private void failed(SupervisionEvent.StartFailed failed) {
        EmbeddedServer server = servers.get(failed.child());
        if (server != null && failing.add(failed.child())) {
            say.accept(failed.child() + " does not start (its log: " + server.logFile() + ")");
        }
    }

    private void exited(SupervisionEvent.Exited exited) {
        EmbeddedServer server = servers.get(exited.child());
        if (server != null && !exited.stopped()) {
            say.accept(exited.child() + " has ended (" + words(exited.reason()) + ") after " + seconds(exited.lived())
                    + "; starting it again (its log: " + server.logFile() + ")");
        }
    }

    private static String words(ExitReason reason) {
        return switch (reason) {
            case ExitReason.Normal _, ExitReason.Shutdown _ -> "by itself";
            case ExitReason.Killed _ -> "killed";
            case ExitReason.Crash(String description) -> description;
            case ExitReason.ShutdownBecause _, ExitReason.FailedToStartChild _ -> reason.toString();
        };
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
