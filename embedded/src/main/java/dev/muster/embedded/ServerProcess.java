package dev.muster.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the embedded servers have in common: one child at a time on one claimed data folder.
 *
 * <p>Thread-safety: thread-safe; changes are guarded by {@code lock}, which a start holds until the child answers.
 */
public abstract class ServerProcess implements EmbeddedServer {
    private final ReentrantLock lock = new ReentrantLock();
    private final String name;
    private final Path folder;
    private final String stopSignal;
    private final Duration stopGrace;
    private @Nullable DataFolder claim;
    private volatile @Nullable ChildProcess child;
    private volatile boolean starting;

    /**
     * Does not start it.
     *
     * @param folder where it keeps its data, claimed under its name
     * @param stopSignal asks it to end in good order, without the SIG prefix
     * @param stopGrace how long it may take for that
     */
    protected ServerProcess(String name, Path folder, String stopSignal, Duration stopGrace) {
        this.name = name;
        this.folder = folder;
        this.stopSignal = stopSignal;
        this.stopGrace = stopGrace;
    }

    /** Starts the child on the claimed folder; does not wait for it. */
    protected abstract ChildProcess launch(DataFolder held);

    /** Returns when the child answers, or throws, after which it is killed. */
    protected abstract void awaitReady(ChildProcess started);

    @Override
    public final void start() {
        lock.lock();
        try {
            if (running()) {
                return;
            }
            DataFolder held = claim == null ? DataFolder.claim(folder, name) : claim;
            claim = held;
            ChildProcess started = launch(held);
            child = started;
            starting = true;
            held.remember(started.handle());
            awaitReady(started);
        } catch (RuntimeException e) {
            giveUp();
            throw e;
        } finally {
            starting = false;
            lock.unlock();
        }
    }

    @Override
    public final void stop() {
        lock.lock();
        try {
            if (child != null) {
                child.stop(stopSignal, stopGrace);
            }
            releaseClaim();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void askToStop() {
        ChildProcess seen = child;
        if (seen != null) {
            seen.signal(stopSignal);
            seen.signal("CONT"); // a frozen process cannot act on the signal
        }
    }

    @Override
    public final void abortStart() {
        ChildProcess seen = child;
        if (starting && seen != null) {
            seen.signal("KILL");
        }
    }

    /** Kills the child and everything below it; the claim on the data folder stays for the restart. */
    @Override
    public void killHard() {
        lock.lock();
        try {
            if (running()) {
                Processes.killWithChildren(current().handle());
                current().killHard();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void signal(String signal) {
        current().signal(signal);
    }

    @Override
    public final boolean running() {
        ChildProcess seen = child;
        return seen != null && seen.alive();
    }

    @Override
    public final long pid() {
        return current().pid();
    }

    @Override
    public final CompletableFuture<ChildProcess.Exit> onExit() {
        return current().onExit();
    }

    private void giveUp() {
        if (running()) {
            Processes.killWithChildren(current().handle());
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

    /** Kills this life alone, without what it has started, and returns when it is gone. */
    protected final void killAlone() {
        current().killHard(); // RACE: of one life; the next one may be there before this thread goes on
    }

    private ChildProcess current() {
        ChildProcess seen = child;
        if (seen == null) {
            throw new IllegalStateException(name + " was never started");
        }
        return seen;
    }
}
