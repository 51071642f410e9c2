package dev.muster.simulation;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Runs seeds by hand: {@code FIRST COUNT [GUARD…]} tells which are broken with those guards switched off;
 * {@code trace SEED [GUARD…]} tells one; {@code guards COUNT} looks for the first seed that misses each guard.
 */
final class SimulationMain {
    private SimulationMain() {}

    public static void main(String[] args) throws InterruptedException {
        Seeds.quiet();
        Thread.ofVirtual().start(() -> run(args)).join();
    }

    private static void run(String[] args) {
        switch (args[0]) {
            case "trace" -> trace(Simulation.run(Long.parseLong(args[1]), off(args), true));
            case "guards" -> Stream.of(Guard.values()).forEach(guard -> guard(EnumSet.of(guard), Long.parseLong(args[1])));
            default -> seeds(Long.parseLong(args[0]), Long.parseLong(args[1]), off(args));
        }
    }

    private static Set<Guard> off(String[] args) {
        Set<Guard> off = EnumSet.noneOf(Guard.class);
        Arrays.stream(args).skip(2).map(Guard::valueOf).forEach(off::add);
        return off;
    }

    private static void trace(Simulation.Result result) {
        result.trace().forEach(System.out::println);
        System.out.println(result.broken().orElse("holds") + ", digest " + result.digest());
    }

    private static void guard(Set<Guard> off, long count) {
        Optional<Simulation.Result> first = Seeds.firstBroken(1, count, off);
        System.out.println(off + ": " + first.map(r -> r.seed() + " " + r.broken().orElseThrow()).orElse("none"));
    }

    private static void seeds(long first, long count, Set<Guard> off) {
        List<Simulation.Result> broken = Seeds.broken(first, count, off);
        broken.forEach(result -> System.out.println(result.seed() + ": " + result.broken().orElseThrow()));
        System.out.println(count + " seeds, " + broken.size() + " broken");
    }
}
