package dev.muster.embedded.wire;

import java.time.Duration;

/** What a wire does with what is sent over it. */
public sealed interface Wire {

    /** All gets through at once. */
    record Pass() implements Wire {}

    /**
     * All gets through, this much later. What is held back when the wire heals gets through at that moment: so it is
     * after a cut that TCP has survived by sending again.
     *
     * @param by not negative
     */
    record Delay(Duration by) implements Wire {
        public Delay {
            if (by.isNegative()) {
                throw new IllegalArgumentException("by is negative: " + by);
            }
        }
    }

    /**
     * Nothing gets through in either direction, and nobody is told: no FIN, no RST. Who connects seems to succeed and
     * hears nothing. A connection that has lost something by it stays silent when the wire heals, as one that a firewall
     * has forgotten; one that was idle goes on.
     */
    record Drop() implements Wire {}

    /** The servers' ends of all connections are closed, and the clients' stand, open and silent; new ones likewise. */
    record HalfOpen() implements Wire {}

    /** All connections are reset, and so is who tries. */
    record Reset() implements Wire {}
}
