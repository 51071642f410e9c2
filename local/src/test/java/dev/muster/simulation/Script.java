package dev.muster.simulation;

/**
 * What a job's handler does.
 *
 * @param pause in ns, before it does anything
 * @param calls it charges a card
 * @param declined the provider declines, once it answers
 * @param refusals how probable it is that the provider refuses before it does anything
 * @param failures so many runs fail first
 * @param blockedAt the attempt at which it declines without a call; 0: never
 */
record Script(long pause, boolean calls, boolean declined, double refusals, int failures, int blockedAt) {

    static Script random(World world) {
        boolean calls = world.chance(0.6);
        long pause = world.chance(0.15) ? world.millisBetween(200, 4_500) : world.millisBetween(1, 60);
        return new Script(
                pause,
                calls,
                calls && world.chance(0.2),
                calls && world.chance(0.3) ? 0.5 : 0,
                world.chance(0.2) ? Math.toIntExact(world.between(1, 3)) : 0,
                calls && world.chance(0.25) ? Math.toIntExact(world.between(1, 4)) : 0);
    }
}
