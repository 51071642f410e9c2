package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.util.concurrent.CompletableFuture;

/**
 * An operating-system process that this one has started. Its exit is seen at once. Asked to end by SIGTERM, killed by
 * SIGKILL. Exit code 0 is a normal end; after a SIGTERM of ours, and by it, an orderly one.
 */
public final class ProcessLife implements Life {
    private static final int BY_SIGKILL = 128 + 9;
    private static final int BY_SIGTERM = 128 + 15;

    private final Process process;
    private final CompletableFuture<ExitReason> exit;
    private volatile boolean asked;

    public ProcessLife(Process process) {
        this.process = process;
        this.exit = process.onExit().thenApply(ended -> reason(ended.exitValue()));
    }

    public long pid() {
        return process.pid();
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    @Override
    public void shutdown() {
        asked = true;
        process.destroy();
    }

    @Override
    public void kill() {
        process.destroyForcibly();
    }

    private ExitReason reason(int code) {
        if (code == 0 || (code == BY_SIGTERM && asked)) {
            return asked ? new ExitReason.Shutdown() : new ExitReason.Normal();
        }
        return code == BY_SIGKILL ? new ExitReason.Killed() : new ExitReason.Crash("exit code " + code);
    }
}
