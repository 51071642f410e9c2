package dev.muster.local.drill;

import java.time.Duration;
import java.util.List;

/**
 * What a drill does.
 *
 * @param faults in this order, each on a stack of its own
 * @param rounds how often each of them happens, at least once
 * @param workers how many run the payments, at least two: the jobs of a dead one must have somewhere to go
 * @param rate payments a second
 * @param warmUp load before the first round; at least {@link #CALM}
 * @param boundsFactor by which every bound on a time is stretched, at least 1: for a machine that others use as well
 * @param seed of its random choices
 */
public record DrillConfig(
        List<FaultKind> faults, int rounds, int workers, double rate, Duration warmUp, double boundsFactor, long seed) {
    /** Undisturbed load before each round: what the backlog is compared with. */
    static final Duration CALM = Duration.ofSeconds(3);
    /** Of the payments, that go to the queue with order per key. */
    static final double ORDERED_SHARE = 0.2;
    /** Customers of the keyed queue; the same one often comes again at once. */
    static final int KEYS = 50;

    public DrillConfig {
        faults = List.copyOf(faults);
        if (faults.isEmpty()) {
            throw new IllegalArgumentException("no fault is named");
        }
        if (rounds < 1) {
            throw new IllegalArgumentException("rounds is below 1: " + rounds);
        }
        if (workers < 2) {
            throw new IllegalArgumentException("workers is below 2: " + workers);
        }
        if (!(rate > 0)) {
            throw new IllegalArgumentException("rate is not above zero: " + rate);
        }
        if (warmUp.compareTo(CALM) < 0) {
            throw new IllegalArgumentException("warm-up is below " + CALM.toSeconds() + " s: " + warmUp);
        }
        if (!(boundsFactor >= 1)) {
            throw new IllegalArgumentException("bounds is below 1: " + boundsFactor);
        }
    }
}
