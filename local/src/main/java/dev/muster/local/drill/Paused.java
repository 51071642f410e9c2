package dev.muster.local.drill;

import dev.muster.local.stack.Fleet;
import java.time.Duration;
import java.time.Instant;

/** A worker that stands still for as long as a bad garbage collection, and then goes on. Nobody may take it for dead. */
final class Paused implements Fault {
    private static final Duration PAUSE = Duration.ofMillis(1_200);

    @Override
    public Injection inject(DrillStack stack) {
        Fleet.Worker victim = stack.busiest();
        Instant at = stack.now();
        stack.signal(victim, "STOP");
        stack.pause(PAUSE);
        stack.signal(victim, "CONT");
        stack.say("paused " + victim.incarnation() + " for " + PAUSE.toMillis() + " ms");
        return Injection.harmless(at);
    }
}
