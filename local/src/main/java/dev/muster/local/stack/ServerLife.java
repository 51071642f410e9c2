package dev.muster.local.stack;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.Life;
import java.util.concurrent.CompletableFuture;

/**
 * One life of a server: the child process that its last start has made. Asked to end by the signal that this server ends
 * by in good order, killed by SIGKILL. Its claim on the data folder stays, for the life after it. Thread-safe.
 */
final class ServerLife implements Life {
    private static final int BY_SIGINT = 128 + 2;
    private static final int BY_SIGKILL = 128 + 9;
    private static final int BY_SIGTERM = 128 + 15;

    private final EmbeddedServer server;
    private final CompletableFuture<ExitReason> exit;
    private volatile boolean asked;

    /** Of a server that has just been started. */
    ServerLife(EmbeddedServer server) {
        this.server = server;
        this.exit = server.onExit().thenApply(this::reason);
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    @Override
    public void shutdown() {
        asked = true;
        if (!exit.isDone()) {
            server.askToStop();
        }
    }

    @Override
    public void kill() {
        // The next life begins after this one's exit was told, so before that the server's process is still this one.
        if (!exit.isDone()) {
            server.signal("KILL");
        }
    }

    private ExitReason reason(ChildProcess.Exit ended) {
        return switch (ended.code()) {
            case 0 -> asked ? new ExitReason.Shutdown() : new ExitReason.Normal();
            case BY_SIGKILL -> new ExitReason.Killed();
            case BY_SIGINT, BY_SIGTERM -> asked ? new ExitReason.Shutdown() : crash(ended);
            default -> crash(ended);
        };
    }

    private static ExitReason crash(ChildProcess.Exit ended) {
        return new ExitReason.Crash("exit code " + ended.code());
    }
}
