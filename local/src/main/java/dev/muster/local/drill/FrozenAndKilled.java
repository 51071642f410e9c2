package dev.muster.local.drill;

import dev.muster.local.stack.Fleet;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/** SIGSTOP of the busiest worker, which the coordinator kills for its silence. */
final class FrozenAndKilled implements Fault {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Override
    public Injection inject(DrillStack stack) {
        Fleet.Worker victim = stack.busiest();
        Instant at = stack.now();
        stack.signal(victim, "STOP");
        stack.say("froze " + victim.incarnation());
        stack.await("the kill of the frozen " + victim.incarnation(), LIMIT, () -> !victim.isAlive());
        return Injection.of(at, Set.of(victim.incarnation()));
    }
}
