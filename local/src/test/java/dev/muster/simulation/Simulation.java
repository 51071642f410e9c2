package dev.muster.simulation;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One seed, from its first job to the end of its last. */
final class Simulation {
    /** Of simulated time, after the faults: by then everything that was submitted must have ended. */
    private static final long PATIENCE = World.millis(40_000);

    private Simulation() {}

    /**
     * What came of it.
     *
     * @param broken the rule that did not hold, and how
     * @param digest the same whenever the same seed runs
     */
    record Result(long seed, Optional<String> broken, long digest, long events, long endedAt, List<String> trace) {

        /** The rule, and how to see it broken again. */
        String describe() {
            return "seed " + seed + ": " + broken.orElse("holds")
                    + "\n  replay: ./mvnw -pl local -am test -Dtest=SimulationTest -Dmuster.sim.seed=" + seed
                    + " -Dsurefire.failIfNoSpecifiedTests=false";
        }
    }

    static Result run(long seed, Set<Guard> off, boolean traces) {
        World world = new World(seed, traces);
        Scene scene = new Scene(world, off);
        Faults faults = new Faults(scene);
        faults.plan();
        scene.jobs().submit(Math.toIntExact(world.between(15, 40)), faults.end());
        long end = faults.end() + PATIENCE;
        long events = 0;
        while (!(world.isCalm() && scene.rules().isAllFinal()) && world.step(end)) {
            events++;
        }
        if (world.broken().isEmpty()) {
            scene.rules().finished();
        }
        scene.end();
        return new Result(seed, world.broken(), world.digest(), events, world.now(), world.trace());
    }
}
