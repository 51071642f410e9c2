package dev.muster.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;

/** Many simulations, to be run on virtual threads, where passing the baton is cheap. */
final class Seeds {
    private Seeds() {}

    /** What the workers say of their many disasters is not for the log. */
    static void quiet() {
        for (String name : List.of(Logger.ROOT_LOGGER_NAME, "dev.muster.worker", "dev.muster.coordinator")) {
            ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.OFF);
        }
    }

    /** Those of {@code count} seeds from {@code first} on that break a rule, one after the other, on this thread. */
    static List<Simulation.Result> broken(long first, long count, Set<Guard> off) {
        List<Simulation.Result> broken = new ArrayList<>();
        for (long seed = first; seed < first + count; seed++) {
            Simulation.Result result = Simulation.run(seed, off, false);
            if (result.broken().isPresent()) {
                broken.add(result);
            }
        }
        return broken;
    }

    /**
     * Those of the first {@code count} seeds that break the rule whose name begins so, up to the first one that is found;
     * so none, or few. To be called on any thread: it searches on virtual ones, one for each processor.
     */
    static List<Simulation.Result> firstBroken(long count, Set<Guard> off, String rule)
            throws InterruptedException, ExecutionException {
        Queue<Simulation.Result> found = new ConcurrentLinkedQueue<>();
        AtomicLong next = new AtomicLong(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> searches = new ArrayList<>();
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                searches.add(threads.submit(() -> {
                    for (long seed = next.getAndIncrement();
                            seed <= count && found.isEmpty();
                            seed = next.getAndIncrement()) {
                        Simulation.Result result = Simulation.run(seed, off, false);
                        if (result.broken().filter(it -> it.startsWith(rule)).isPresent()) {
                            found.add(result);
                        }
                    }
                }));
            }
            for (Future<?> search : searches) {
                search.get();
            }
        }
        return List.copyOf(found);
    }
}
