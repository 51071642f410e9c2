package dev.muster.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the embedded servers have in common: one child at a time on one claimed data folder.
 *
 * <p>Thread-safety: thread-safe; changes are guarded by {@code lock}, which a start holds until the child answers.
 */
public final class ServerProcess {
    private final ReentrantLock lock = new ReentrantLock();
    private final String name;
    private final Path folder;
    private @Nullable DataFolder claim;
    private volatile @Nullable ChildProcess child;

    public ServerProcess(String name, Path folder) {
        this.name = name;
        this.folder = folder;
    }

    /**
     * Starts the child unless it runs.
     *
     * @param launch starts it on the claimed folder
     * @param ready returns when it answers, or throws, after which the child is killed
     */
    public void start(Function<DataFolder, ChildProcess> launch, Consumer<ChildProcess> ready) {
        lock.lock();
        try {
            if (running()) {
                return;
            }
            DataFolder held = claim == null ? DataFolder.claim(folder, name) : claim;
            claim = held;
            ChildProcess started = launch.apply(held);
            child = started;
            held.remember(started.handle());
            ready.accept(started);
        } catch (RuntimeException e) {
            giveUp();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the child by a signal, by force after {@code grace}, and gives the data folder back. */
    public void stop(String signal, Duration grace) {
        lock.lock();
        try {
            if (child != null) {
                child.stop(signal, grace);
            }
            releaseClaim();
        } finally {
            lock.unlock();
        }
    }

    /** Kills the child and everything below it; the claim on the data folder stays for the restart. */
    public void killHard() {
        lock.lock();
        try {
            if (running()) {
                DataFolder.endWithChildren(current().handle());
                current().killHard();
            }
        } finally {
            lock.unlock();
        }
    }

    public void signal(String signal) {
        current().signal(signal);
    }

    public boolean running() {
        ChildProcess seen = child;
        return seen != null && seen.alive();
    }

    public long pid() {
        return current().pid();
    }

    public CompletableFuture<ChildProcess.Exit> onExit() {
        return current().onExit();
    }

    private void giveUp() {
        if (running()) {
            DataFolder.endWithChildren(current().handle());
            current().killHard();
        }
        releaseClaim();
    }

    private void releaseClaim() {
        if (claim != null) {
            claim.close();
            claim = null;
        }
    }

    private ChildProcess current() {
        ChildProcess seen = child;
        if (seen == null) {
            throw new IllegalStateException(name + " was never started");
        }
        return seen;
    }
}
