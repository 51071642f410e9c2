package dev.muster.coordinator.liveness;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.util.Optional;
import java.util.Set;

/** What liveness is told. */
public sealed interface LivenessEvent {

    /** A heartbeat was read. */
    record Heard(Heartbeat heartbeat) implements LivenessEvent {}

    /**
     * There is a life of this name that is not fenced.
     *
     * @param health where it listens; empty until it has said so
     */
    record Expected(Incarnation incarnation, Optional<HealthAddress> health) implements LivenessEvent {}

    /** This life is over or fenced; nothing it says counts any more. */
    record Ended(Incarnation incarnation) implements LivenessEvent {}

    /** These lives, and no other that was heard before, are not fenced. */
    record Known(Set<Incarnation> live) implements LivenessEvent {
        public Known {
            live = Set.copyOf(live);
        }
    }

    /** Its health port was asked. */
    record Probed(Incarnation incarnation, boolean answered) implements LivenessEvent {}

    /** Everybody gets a full fresh window: the coordinator has just begun to lead. */
    record FreshStart() implements LivenessEvent {}

    /**
     * Time has passed.
     *
     * @param readToEnd the heartbeat topic was read to its end just now, so silence means something
     */
    record Tick(boolean readToEnd) implements LivenessEvent {}
}
