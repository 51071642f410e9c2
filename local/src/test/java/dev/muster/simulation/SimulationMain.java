package dev.muster.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** Runs seeds by hand: {@code FIRST COUNT [GUARD…]}, or {@code trace SEED [GUARD…]}. */
final class SimulationMain {
    private SimulationMain() {}

    public static void main(String[] args) throws Exception {
        quiet();
        Thread thread = Thread.ofVirtual().start(() -> run(args));
        thread.join();
    }

    static void quiet() {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
        ((Logger) LoggerFactory.getLogger("dev.muster")).setLevel(Level.OFF);
    }

    private static void run(String[] args) {
        Set<Guard> off = EnumSet.noneOf(Guard.class);
        for (int i = 2; i < args.length; i++) {
            off.add(Guard.valueOf(args[i]));
        }
        if (args[0].equals("trace")) {
            Simulation.Result result = Simulation.run(Long.parseLong(args[1]), off, true);
            result.trace().forEach(System.out::println);
            System.out.println(result.broken().orElse("holds") + " " + result.digest());
            return;
        }
        long first = Long.parseLong(args[0]);
        long count = Long.parseLong(args[1]);
        int bad = 0;
        long events = 0;
        long simulated = 0;
        long began = System.nanoTime();
        for (long seed = first; seed < first + count; seed++) {
            try {
                Simulation.Result result = Simulation.run(seed, off, false);
                events += result.events();
                simulated += result.endedAt();
                if (result.broken().isPresent()) {
                    bad++;
                    System.out.println(seed + ": " + result.broken().get());
                }
            } catch (RuntimeException e) {
                bad++;
                if (count == 1) {
                    e.printStackTrace();
                }
                Throwable root = e;
                while (root.getCause() != null) root = root.getCause();
                System.out.println(seed + ": " + root + " "
                        + java.util.Arrays.stream(root.getStackTrace()).limit(3).toList());
            }
        }
        System.out.printf(
                "%d seeds, %d broken, %.1f ms and %d events each, %.1f s simulated%n",
                count, bad, (System.nanoTime() - began) / 1e6 / count, events / count, simulated / 1e9 / count);
    }
}
