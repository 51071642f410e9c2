package dev.muster.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The rules of the ownership protocol in many disasters. {@code -Dmuster.sim.seeds=N} runs another number of them,
 * {@code -Dmuster.sim.seed=S} runs one and prints what happened in it.
 */
final class SimulationTest {
    private static final Set<Guard> ALL_ON = EnumSet.noneOf(Guard.class);

    @BeforeAll
    static void quiet() {
        Seeds.quiet();
    }

    @Test
    void the_rules_hold_in_every_seed() throws Exception {
        Long one = Long.getLong("muster.sim.seed");
        if (one != null) {
            Simulation.Result result = Simulation.run(one, ALL_ON, true);
            result.trace().forEach(System.out::println);
            assertThat(result.broken()).isEmpty();
            return;
        }
        long count = Long.getLong("muster.sim.seeds", 10_000);
        List<Simulation.Result> broken = inParallel(count, Runtime.getRuntime().availableProcessors());
        assertThat(broken.stream().map(Simulation.Result::describe)).isEmpty();
    }

    private static List<Simulation.Result> inParallel(long count, int parts)
            throws InterruptedException, ExecutionException {
        List<Simulation.Result> broken = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<Simulation.Result>>> all = new ArrayList<>();
            long each = Math.ceilDiv(count, parts);
            for (int i = 0; i < parts; i++) {
                long first = 1 + i * each;
                all.add(threads.submit(() -> Seeds.broken(first, Math.min(each, count - first + 1), ALL_ON)));
            }
            for (Future<List<Simulation.Result>> part : all) {
                broken.addAll(part.get());
            }
        }
        return broken;
    }

    @Test
    void the_same_seed_is_the_same_disaster() {
        for (long seed = 1; seed <= 20; seed++) {
            Simulation.Result once = Simulation.run(seed, ALL_ON, true);
            Simulation.Result again = Simulation.run(seed, ALL_ON, true);

            assertThat(again.digest()).as("seed %d", seed).isEqualTo(once.digest());
            assertThat(again.trace()).as("seed %d", seed).isEqualTo(once.trace());
        }
    }
}
