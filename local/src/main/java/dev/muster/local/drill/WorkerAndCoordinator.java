package dev.muster.local.drill;

import dev.muster.embedded.EmbeddedServer;
import dev.muster.local.stack.Fleet;
import java.time.Instant;
import java.util.Set;

/**
 * The coordinator and a worker go at the same time, and the coordinator stays away until all of the worker's jobs run
 * elsewhere: it is frozen, so that nobody starts it again, and killed in the end. Its lease runs out as that of one that
 * was killed at once.
 */
final class WorkerAndCoordinator implements Fault {
    private static final String COORDINATOR = "coordinator";

    @Override
    public Injection inject(DrillStack stack) {
        EmbeddedServer coordinator = stack.server(COORDINATOR);
        Fleet.Worker victim = stack.busiest();
        Instant at = stack.now();
        coordinator.signal("STOP");
        try {
            stack.kill(victim);
            stack.await(
                    "others to run the jobs of " + victim.incarnation(),
                    DrillStack.LIMIT,
                    () -> !stack.reader().running().containsKey(victim.incarnation()));
        } finally {
            coordinator.signal("KILL");
        }
        stack.await("the coordinator again", DrillStack.LIMIT, () -> stack.isStartedSince(COORDINATOR, at));
        return Injection.of(at, Set.of(victim.incarnation()));
    }
}
