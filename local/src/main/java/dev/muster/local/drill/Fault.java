package dev.muster.local.drill;

import dev.muster.embedded.sandbox.FaultPlan;
import dev.muster.local.stack.StackConfig;

/** A way to hit a running stack. Keeps no state between rounds. */
interface Fault {
    /** The stack that it needs, made from the drill's own: other settings, servers or ports. */
    default StackConfig prepare(StackConfig stack) {
        return stack;
    }

    /** How long the payment provider takes: so that each worker has several jobs in flight on a machine with little to do. */
    default FaultPlan.Latency providerLatency() {
        return new FaultPlan.Latency(200, 400);
    }

    /**
     * Hits once. The stack is whole, and loaded, when it is called; load goes on meanwhile. It returns when the fault is
     * over: what it has stopped or cut is healed, as far as healing is its business. The drill then waits until the stack
     * is whole again: all workers in service, no process too many.
     *
     * @throws dev.muster.local.CommandException when it can't be carried through: the round has failed
     */
    Injection inject(DrillStack stack);
}
