package dev.muster.coordinator.fleet;

import dev.muster.coordinator.recovery.Death;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.QuarantineStore.Suspect;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the fleet's loop is told. */
sealed interface FleetMessage {

    /** Liveness has judged a worker lost. */
    record Silent(Incarnation incarnation, Duration lasted) implements FleetMessage {}

    /** A pool's supervisor gives up, after one restart too many of this worker. */
    record Escalated(Pool pool, String worker, Optional<Death> last) implements FleetMessage {}

    /** It is on record that the pool is given up. */
    record GivenUp(long epoch) implements FleetMessage {}

    /** A pool's supervisor has ended, and all its workers. */
    record Ended(Pool pool) implements FleetMessage {}

    /** A worker's configuration is wrong. */
    record Misconfigured(long epoch, Incarnation incarnation) implements FleetMessage {}

    /** The incident about a misconfigured worker is on record. */
    record Recorded(long epoch, String worker, long incident) implements FleetMessage {}

    /** What Postgres knows, read under this epoch. */
    record Surveyed(long epoch, Survey survey) implements FleetMessage {}

    /**
     * What Postgres knows of the fleet.
     *
     * @param live the lives that are not fenced
     * @param givenUp whether the pool stands on record as given up
     * @param closed of the incidents that were asked for, those that are closed
     * @param suspects jobs that wait for quarantine or are there
     */
    record Survey(List<LiveIncarnation> live, boolean givenUp, Set<Long> closed, List<Suspect> suspects) {
        public Survey {
            suspects = List.copyOf(suspects);
            live = List.copyOf(live);
            closed = Set.copyOf(closed);
        }
    }
}
