package dev.muster.local.drill;

import java.time.Instant;

/** SIGKILL of a server that everybody needs, which the local stack starts again. Nobody may die of it. */
record ServerKilled(String server) implements Fault {
    @Override
    public Injection inject(DrillStack stack) {
        Instant at = stack.now();
        stack.server(server).killHard();
        stack.say("killed " + server);
        stack.await("the return of " + server, DrillStack.LIMIT, () -> stack.isStartedSince(server, at));
        Instant returned = stack.startedSince(server, at);
        stack.await("work that goes on", DrillStack.LIMIT, stack::isCalm);
        return Injection.harmless(at).returned(returned);
    }
}
