package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.util.concurrent.CompletableFuture;

/**
 * A service inside the JVM, on a thread of its own. It ends when its body does; asked to, by an interrupt. A thread can't
 * be killed: one that ignores its interrupt is given up, and counts as killed while it may run on.
 */
public final class ThreadLife implements Life {
    private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean asked;

    private ThreadLife(Thread.Builder builder, Body body) {
        this.thread = builder.unstarted(() -> exit.complete(run(body)));
    }

    /** What a service does; it may throw whatever it likes. */
    @FunctionalInterface
    public interface Body {
        void run() throws Exception;
    }

    /** Starts a service on a platform thread. */
    public static ThreadLife service(String name, Body body) {
        return started(new ThreadLife(Thread.ofPlatform().name(name).daemon(), body));
    }

    /** Starts a task on a virtual thread. */
    public static ThreadLife task(String name, Body body) {
        return started(new ThreadLife(Thread.ofVirtual().name(name), body));
    }

    private static ThreadLife started(ThreadLife life) {
        life.thread.start();
        return life;
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    @Override
    public void shutdown() {
        asked = true;
        thread.interrupt();
    }

    @Override
    public void kill() {
        asked = true;
        thread.interrupt();
        exit.complete(new ExitReason.Killed());
    }

    private ExitReason run(Body body) {
        try {
            body.run();
            return asked ? new ExitReason.Shutdown() : new ExitReason.Normal();
        } catch (Throwable e) { // let it crash: the supervisor decides
            return asked && e instanceof InterruptedException
                    ? new ExitReason.Shutdown()
                    : new ExitReason.Crash(e.toString());
        }
    }
}
