package dev.muster.coordinator.housekeeping;

import java.util.List;
import java.util.Optional;

/**
 * What a leader has to do still. Times are of the monotonic clock. Immutable.
 *
 * @param epoch which it leads under
 * @param roundDueNanos when to look again what is to be done
 * @param passDueNanos when the tables without an index are looked through again
 * @param chores in the order in which they are done
 */
record HousekeepingState(long epoch, long roundDueNanos, long passDueNanos, List<Chore> chores) {
    HousekeepingState {
        chores = List.copyOf(chores);
    }

    Optional<Chore> next() {
        return chores.stream().findFirst();
    }
}
