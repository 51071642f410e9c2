package dev.muster.worker.execution;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * The worker's slots, divided among the queues that have work. Who asks for slots says what it could start; what it does not
 * get stays known, so that a slot that is another queue's by {@link Division} is left to it, whichever lane has its jobs.
 * Thread-safe.
 */
public final class Shares {
    private final Slots slots;
    private final ToIntFunction<String> weights;
    private final Map<String, Integer> running = new HashMap<>();
    private final Map<String, Double> turns = new HashMap<>();
    private final Map<Claimer, Map<String, Integer>> ready = new LinkedHashMap<>();
    private double turn; // of the last slot that was given: who comes anew, or back, starts there

    /**
     * All free.
     *
     * @param weights of queues, from 1
     */
    public Shares(Slots slots, ToIntFunction<String> weights) {
        this.slots = slots;
        this.weights = weights;
    }

    /** One who asks for slots. */
    public interface Claimer {
        /** Slots are left for it: it should ask again. Called on another thread; never waits. */
        void slotsAreLeft();
    }

    /** Free slots, whosever they are. */
    public int free() {
        return slots.free();
    }

    /**
     * Takes as many slots as are this claimer's share.
     *
     * @param could how many jobs of each queue it could start; replaces what it said before
     * @param most at most so many in all
     * @return how many of each queue it may start; nothing is left out but zeros
     */
    public Map<String, Integer> take(Claimer claimer, Map<String, Integer> could, int most) {
        List<Claimer> others = new ArrayList<>();
        Map<String, Integer> mine;
        synchronized (this) {
            say(claimer, could);
            if (ready.isEmpty()) {
                return Map.of();
            }
            mine = divide(claimer, could, most, others);
        }
        others.forEach(Claimer::slotsAreLeft);
        return mine;
    }

    /** It has nothing more of this queue for now than it has taken. */
    public synchronized void hasNoMore(Claimer claimer, String queue) {
        Map<String, Integer> said = ready.get(claimer);
        if (said != null) {
            said.remove(queue);
            if (said.isEmpty()) {
                ready.remove(claimer);
            }
        }
    }

    /** Takes slots whether or not they are free: for jobs that have to run now. */
    public synchronized void takeAnyway(String queue, int count) {
        slots.takeAnyway(count);
        running.merge(queue, count, Integer::sum);
    }

    public synchronized void release(String queue, int count) {
        slots.release(count);
        running.computeIfPresent(queue, (_, before) -> before > count ? before - count : null);
    }

    private void say(Claimer claimer, Map<String, Integer> could) {
        if (could.isEmpty()) {
            ready.remove(claimer);
        } else {
            ready.put(claimer, new HashMap<>(could));
        }
    }

    private Map<String, Integer> divide(Claimer claimer, Map<String, Integer> could, int most, List<Claimer> others) {
        Map<String, Integer> granted = new HashMap<>(Division.of(slots.free(), claimants()));
        Map<String, Integer> mine = new TreeMap<>();
        int left = most;
        for (Map.Entry<String, Integer> wish : could.entrySet()) {
            int wanted = Math.min(left, Math.min(wish.getValue(), granted.getOrDefault(wish.getKey(), 0)));
            int taken = wanted > 0 ? slots.take(wanted) : 0;
            if (taken > 0) {
                mine.put(wish.getKey(), taken);
                granted.merge(wish.getKey(), -taken, Integer::sum);
                left -= taken;
                took(claimer, wish.getKey(), taken);
            }
        }
        ready.forEach((other, said) -> {
            if (!other.equals(claimer)
                    && said.keySet().stream().anyMatch(queue -> granted.getOrDefault(queue, 0) > 0)) {
                others.add(other);
            }
        });
        return mine;
    }

    private List<Division.Claimant> claimants() {
        Map<String, Integer> all = new HashMap<>();
        ready.values().forEach(said -> said.forEach((queue, count) -> all.merge(queue, count, Integer::sum)));
        List<Division.Claimant> claimants = new ArrayList<>(all.size());
        all.forEach((queue, count) -> claimants.add(new Division.Claimant(
                queue,
                Math.max(1, weights.applyAsInt(queue)),
                running.getOrDefault(queue, 0),
                count,
                Math.max(turn, turns.getOrDefault(queue, 0.0)))));
        return claimants;
    }

    private void took(Claimer claimer, String queue, int count) {
        running.merge(queue, count, Integer::sum);
        double before = Math.max(turn, turns.getOrDefault(queue, 0.0));
        turn = before;
        turns.put(queue, before + (double) count / Math.max(1, weights.applyAsInt(queue)));
        Map<String, Integer> said = ready.get(claimer);
        if (said != null) {
            said.computeIfPresent(queue, (_, had) -> had > count ? had - count : null);
            if (said.isEmpty()) {
                ready.remove(claimer);
            }
        }
    }
}
