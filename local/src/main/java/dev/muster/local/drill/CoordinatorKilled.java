package dev.muster.local.drill;

import dev.muster.store.DrillReader.Lease;
import dev.muster.store.DrillReader.Life;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** SIGKILL of the coordinator, which the local stack starts again: it has to lead, and to find its workers, not twins of them. */
final class CoordinatorKilled implements Fault {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String SERVER = "coordinator";

    @Override
    public Injection inject(DrillStack stack) {
        String before = stack.reader().lease().map(Lease::holder).orElse("");
        Set<Integer> processes = new HashSet<>();
        Instant at = stack.now();
        stack.server(SERVER).killHard();
        stack.say("killed " + before);
        stack.await("the next coordinator's lease", LIMIT, () -> {
            processes.add(stack.fleet().workers().size());
            return stack.isStartedSince(SERVER, at)
                    && stack.reader()
                            .lease()
                            .filter(lease -> lease.fresh() && !lease.holder().equals(before))
                            .isPresent();
        });
        long back = Duration.between(at, stack.now()).toMillis();
        stack.pause(DrillConfig.CALM); // in which one that does not find its workers would start others
        return Injection.harmless(at).with(Figure.BACK, back).with(twins(stack, at, processes));
    }

    private static List<String> twins(DrillStack stack, Instant at, Set<Integer> processes) {
        processes.add(stack.fleet().workers().size());
        List<String> twins = new ArrayList<>();
        int most = Collections.max(processes);
        if (most > stack.workers()) {
            twins.add("there were " + most + " workers instead of " + stack.workers());
        }
        stack.reader().lives().stream()
                .filter(life -> life.mintedAt().isAfter(at))
                .map(Life::incarnation)
                .forEach(life -> twins.add(life + " was minted though no worker had ended"));
        return twins;
    }
}
