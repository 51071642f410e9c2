package dev.muster.simulation;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a simulated process. It runs only while its driver waits for it, so of all threads of a simulation one
 * runs at a time, and which one is decided by the seed alone. INVARIANT: the baton is passed, never shared; that is what
 * makes the plain fields of the simulated parts safe.
 */
final class Fiber {
    private final Thread thread;
    private @Nullable Thread driver;
    private volatile boolean running;
    private volatile boolean done;
    private boolean begun;
    private boolean killed;
    private long ticket;
    private @Nullable Throwable failure;

    Fiber(Runnable body) {
        this.thread = Thread.ofVirtual().unstarted(() -> {
            try {
                body.run();
            } catch (Killed e) {
                killed = true; // its process is gone
            } catch (Throwable e) {
                failure = e;
            }
            done = true;
            hand();
        });
    }

    /** Unwinds the thread of a process that does not exist any more. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed() {
            super("killed", null, false, false);
        }
    }

    boolean isDone() {
        return done;
    }

    /** Names the next pause; {@link #resume(long)} with an older name does nothing. */
    long nextTicket() {
        return ++ticket;
    }

    /** Lets it run until it pauses or ends, if it is still in the pause of that name. */
    void resume(long ofTicket) {
        if (ticket == ofTicket && !done) {
            ticket++;
            run();
        }
    }

    /** Lets it begin. */
    void begin() {
        if (!done) {
            run();
        }
    }

    private void run() {
        driver = Thread.currentThread();
        running = true;
        if (begun) {
            LockSupport.unpark(thread);
        } else {
            begun = true;
            thread.start();
        }
        while (running) {
            LockSupport.park(this);
        }
        if (failure != null) {
            throw new IllegalStateException("a thread of the simulation broke", failure);
        }
    }

    /** Called by itself: lets the driver go on. */
    void pause() {
        if (killed) {
            throw new Killed();
        }
        hand();
        while (!running) {
            LockSupport.park(this);
        }
        if (killed) {
            throw new Killed();
        }
    }

    /** Called by another: it ends where it stands. */
    void kill() {
        if (done || killed) {
            return;
        }
        killed = true;
        if (begun) {
            run();
        } else {
            done = true;
        }
    }

    private void hand() {
        Thread to = driver;
        running = false;
        LockSupport.unpark(to);
    }
}
