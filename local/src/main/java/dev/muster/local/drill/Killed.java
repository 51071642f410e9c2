package dev.muster.local.drill;

import dev.muster.local.stack.Fleet;
import java.time.Instant;
import java.util.Set;

/** {@code kill -9} of the busiest worker. */
final class Killed implements Fault {
    @Override
    public Injection inject(DrillStack stack) {
        Fleet.Worker victim = stack.busiest();
        Instant at = stack.now();
        stack.kill(victim);
        return Injection.of(at, Set.of(victim.incarnation()));
    }
}
