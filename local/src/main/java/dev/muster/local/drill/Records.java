package dev.muster.local.drill;

import dev.muster.local.trial.Evidence;
import dev.muster.store.DrillReader.Life;
import dev.muster.store.DrillReader.Owner;
import dev.muster.store.IncidentStore.Incident;
import java.util.List;

/**
 * All that figures are derived from: what the product wrote down while it was hit. Immutable.
 *
 * @param takeovers each change of a partition's owner, oldest first for each partition
 */
record Records(List<Owner> takeovers, List<Life> lives, List<Incident> incidents, Evidence evidence) {
    Records {
        takeovers = List.copyOf(takeovers);
        lives = List.copyOf(lives);
        incidents = List.copyOf(incidents);
    }
}
