package dev.muster.coordinator.liveness;

import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.Set;

/** What liveness wants done. */
public sealed interface LivenessEffect {

    /** Ask its health port, if it has said where that is. */
    record Probe(Incarnation incarnation) implements LivenessEffect {}

    /** Its status has changed; to be logged. */
    record Changed(Incarnation incarnation, WorkerStatus from, WorkerStatus to, Duration silence)
            implements LivenessEffect {}

    /** Lost on two facts: begin its recovery. */
    record Lost(Incarnation incarnation, Duration silence) implements LivenessEffect {}

    /** Too many are silent at once: suspect Kafka, the network or oneself, and hold. */
    record HoldBegan(Set<Incarnation> silent, int of) implements LivenessEffect {}

    /** The hold is over; those that are still silent are judged now. */
    record HoldEnded(Duration lasted, boolean recovered) implements LivenessEffect {}
}
