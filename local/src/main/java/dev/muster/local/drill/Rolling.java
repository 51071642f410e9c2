package dev.muster.local.drill;

import dev.muster.local.stack.Fleet;
import dev.muster.store.AuditReader;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Every worker in turn is asked to end, drains, and is started again. The next one's turn comes a while after all are in
 * service again, as a deployment has it ({@code minReadySeconds} in Kubernetes): by then a spare is warm for it too.
 */
final class Rolling implements Fault {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final Duration BETWEEN = Duration.ofSeconds(8);

    @Override
    public Injection inject(DrillStack stack) {
        List<Fleet.Worker> workers = stack.fleet().live();
        Instant at = stack.now();
        for (int i = 0; i < workers.size(); i++) {
            stack.pause(i == 0 ? Duration.ZERO : BETWEEN);
            Fleet.Worker worker = workers.get(i);
            Instant asked = stack.now();
            stack.signal(worker, "TERM");
            stack.await("the end of " + worker.incarnation(), LIMIT, () -> !worker.isAlive());
            Instant gone = stack.now();
            stack.awaitWhole();
            stack.say(String.format(
                    Locale.ROOT,
                    "%s: asked to end after %,d ms, gone after %,d, all in service again after %,d",
                    worker.incarnation(),
                    Duration.between(at, asked).toMillis(),
                    Duration.between(at, gone).toMillis(),
                    Duration.between(at, stack.now()).toMillis()));
        }
        Set<String> victims = workers.stream().map(Fleet.Worker::incarnation).collect(Collectors.toSet());
        stack.say("restarted " + String.join(", ", victims.stream().sorted().toList()));
        return Injection.of(at, victims).with(retries(stack, victims));
    }

    private static List<String> retries(DrillStack stack, Set<String> victims) {
        return stack.audit().runs().stream()
                .filter(run -> victims.contains(run.incarnation()))
                .collect(Collectors.groupingBy(AuditReader.EndedRun::outcome, Collectors.counting()))
                .entrySet()
                .stream()
                .map(outcome -> outcome.getValue() + " runs on the restarted workers were " + outcome.getKey())
                .toList();
    }
}
