package dev.muster.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** Many simulations, one after the other. To be called on a virtual thread, where passing the baton is cheap. */
final class Seeds {
    private Seeds() {}

    /** What the workers say of their many disasters is not for the log. */
    static void quiet() {
        for (String name : List.of(Logger.ROOT_LOGGER_NAME, "dev.muster.worker", "dev.muster.coordinator")) {
            ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.OFF);
        }
    }

    /** Those of {@code count} seeds from {@code first} on that break a rule. */
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

    /** The first seed that breaks the rule whose name begins so. */
    static Optional<Simulation.Result> firstBroken(long count, Set<Guard> off, String rule) {
        for (long seed = 1; seed <= count; seed++) {
            Simulation.Result result = Simulation.run(seed, off, false);
            if (result.broken().filter(broken -> broken.startsWith(rule)).isPresent()) {
                return Optional.of(result);
            }
        }
        return Optional.empty();
    }
}
