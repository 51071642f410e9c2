package dev.muster.local.drill;

import dev.muster.store.AuditReader.FinalJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How many jobs were unfinished at each moment: submitted, and not settled. Immutable. */
final class Backlog {
    private final TreeMap<Instant, Integer> unfinished = new TreeMap<>();

    Backlog(List<FinalJob> jobs) {
        TreeMap<Instant, Integer> changes = new TreeMap<>();
        for (FinalJob job : jobs) {
            changes.merge(job.submitted(), 1, Integer::sum);
            changes.merge(job.settled(), -1, Integer::sum);
        }
        int count = 0;
        for (Map.Entry<Instant, Integer> change : changes.entrySet()) {
            count += change.getValue();
            unfinished.put(change.getKey(), count);
        }
    }

    /**
     * How long after a fault, from the highest backlog on, there were no more unfinished jobs than at most in the calm
     * before it; zero when there never were. Where it did not come back, the whole time until the end.
     *
     * @param calm how long before the fault nothing had happened
     */
    Duration backToNormal(Instant fault, Duration calm, Instant until) {
        int normal = highest(fault.minus(calm), fault);
        Instant peak = fault;
        int most = normal;
        for (Map.Entry<Instant, Integer> moment :
                unfinished.subMap(fault, true, until, true).entrySet()) {
            if (moment.getValue() > most) {
                most = moment.getValue();
                peak = moment.getKey();
            }
        }
        if (most <= normal) {
            return Duration.ZERO;
        }
        return unfinished.subMap(peak, true, until, true).entrySet().stream()
                .filter(moment -> moment.getValue() <= normal)
                .findFirst()
                .map(moment -> Duration.between(fault, moment.getKey()))
                .orElseGet(() -> Duration.between(fault, until));
    }

    private int highest(Instant from, Instant to) {
        Map.Entry<Instant, Integer> before = unfinished.floorEntry(from);
        int highest = before == null ? 0 : before.getValue();
        for (int count : unfinished.subMap(from, true, to, true).values()) {
            highest = Math.max(highest, count);
        }
        return highest;
    }
}
