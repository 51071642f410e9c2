package dev.muster.time;

import java.time.Instant;

/**
 * The two clocks of a process: a monotonic one for durations and the wall clock for display and for finding out that
 * the machine was suspended, during which the monotonic one may stand still. Thread-safe.
 */
public interface Ticker {

    /** Nanoseconds from an arbitrary origin; only differences mean something. */
    long nanos();

    /** The wall clock. Never used to order what several processes do: Postgres' clock does that. */
    Instant now();

    static Ticker system() {
        return SystemTicker.INSTANCE;
    }
}
