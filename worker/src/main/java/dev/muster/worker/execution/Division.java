package dev.muster.worker.execution;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Divides free slots among the queues that have work, by weight. Whoever has work and nothing running comes first, so that
 * none starves, however long the others' jobs take; then whoever has the fewest slots for its weight. No slot stays free
 * while there is work. Pure.
 */
final class Division {
    private Division() {}

    /**
     * A queue that has work.
     *
     * @param weight from 1
     * @param running slots that it has now
     * @param ready jobs that it could start now
     * @param turn rises by 1/weight with each slot that it gets: who has the lowest goes first where nothing else tells them
     *     apart
     */
    record Claimant(String queue, int weight, int running, int ready, double turn) {
        Claimant {
            if (weight < 1 || running < 0 || ready < 0) {
                throw new IllegalArgumentException("no claimant: " + queue + " of weight " + weight + " with " + running
                        + " running and " + ready + " ready");
            }
        }

        Claimant withOneMore() {
            return new Claimant(queue, weight, running + 1, ready - 1, turn + 1.0 / weight);
        }

        boolean hasNothing() {
            return running == 0;
        }

        /** The share that it would have with one slot more. */
        double share() {
            return hasNothing() ? 0 : (running + 1.0) / weight;
        }
    }

    /** So many slots for each queue; who gets none is left out. */
    static Map<String, Integer> of(int free, List<Claimant> claimants) {
        Map<String, Integer> granted = new TreeMap<>(); // in one order, so that a run can be repeated
        if (claimants.size() == 1) { // the usual case
            Claimant only = claimants.getFirst();
            int all = Math.min(free, only.ready());
            if (all > 0) {
                granted.put(only.queue(), all);
            }
            return granted;
        }
        Map<String, Claimant> left = new HashMap<>();
        claimants.stream().filter(c -> c.ready() > 0).forEach(c -> left.put(c.queue(), c));
        for (int i = 0; i < free && !left.isEmpty(); i++) {
            Claimant next = left.values().stream().min(ORDER).orElseThrow();
            granted.merge(next.queue(), 1, Integer::sum);
            Claimant after = next.withOneMore();
            if (after.ready() > 0) {
                left.put(after.queue(), after);
            } else {
                left.remove(after.queue());
            }
        }
        return granted;
    }

    private static final Comparator<Claimant> ORDER = Comparator.comparingDouble(Claimant::share)
            .thenComparingDouble(Claimant::turn)
            .thenComparing(Claimant::queue);
}
