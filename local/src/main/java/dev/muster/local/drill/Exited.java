package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.embedded.sandbox.FaultPlan;
import dev.muster.local.CommandException;
import dev.muster.local.MusterProcess;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * A part of the busiest worker breaks again and again, until its root supervisor gives up and the process ends. Counted
 * from the last break: the one that it gives up for.
 */
final class Exited implements Fault {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Override
    public StackConfig prepare(StackConfig stack) {
        String command = String.join("\t", MusterProcess.breakableWorker(LocalStack.temporary(stack.dataFolder())));
        return stack.with(Setting.FLEET_COMMAND, command);
    }

    /** Longer than a worker breaks before it gives up: nobody chooses that moment, and jobs have to run then. */
    @Override
    public FaultPlan.Latency providerLatency() {
        return new FaultPlan.Latency(800, 1_200);
    }

    @Override
    public Injection inject(DrillStack stack) {
        Fleet.Worker victim = stack.busiest();
        BreaksOnPurpose.tell(stack.fleet().folder(), victim.incarnation());
        stack.await("the end of " + victim.incarnation(), LIMIT, () -> !victim.isAlive());
        Instant at = BreaksOnPurpose.lastBreak(stack.fleet().folder(), victim.incarnation())
                .orElseThrow(() -> CommandException.failed(victim.incarnation() + " ended without a break"));
        stack.say("broke " + victim.incarnation() + " until it gave up");
        return Injection.of(at, Set.of(victim.incarnation()));
    }
}
