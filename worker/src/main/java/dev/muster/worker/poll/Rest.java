package dev.muster.worker.poll;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How the poll loop waits where the client would not: until somebody stirs it, or for a time. Thread-safe. */
public interface Rest {
    /** Returns at once if it was stirred since the last time. One thread waits. */
    void await(Duration most) throws InterruptedException;

    /** Ends the wait, or the next one. */
    void stir();

    /** A wait of the calling thread. */
    static Rest ofThread() {
        Semaphore stirred = new Semaphore(0);
        return new Rest() {
            @Override
            public void await(Duration most) throws InterruptedException {
                if (stirred.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS)) {
                    stirred.drainPermits();
                }
            }

            @Override
            public void stir() {
                stirred.release();
            }
        };
    }
}
