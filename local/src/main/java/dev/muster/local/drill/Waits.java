package dev.muster.local.drill;

import dev.muster.store.AuditReader.FinalJob;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How long jobs waited for anything but their turn in their key. */
final class Waits {
    private Waits() {}

    /**
     * The wait of a job.
     *
     * @param ready when nothing of its own kept the job: its submission, or the end of the job before it in its key
     * @param excess from then until its handler was entered, less the time from then to its end; not negative
     */
    record Wait(FinalJob job, Instant ready, Duration excess) {}

    /** The longest of the jobs that were submitted between these moments; empty where there was no such job. */
    static Optional<Wait> longest(List<FinalJob> jobs, Instant from, Instant until) {
        List<FinalJob> inOrder =
                jobs.stream().sorted(Comparator.comparingLong(FinalJob::offset)).toList();
        Map<String, Instant> keyFree = new HashMap<>();
        Optional<Wait> longest = Optional.empty();
        for (FinalJob job : inOrder) {
            Optional<String> key = job.key().map(k -> job.queue() + "/" + k);
            Instant ready = key.map(keyFree::get)
                    .filter(free -> free.isAfter(job.submitted()))
                    .orElse(job.submitted());
            key.ifPresent(k -> keyFree.put(k, job.settled()));
            boolean isMeant = !job.submitted().isBefore(from) && job.submitted().isBefore(until);
            if (isMeant && job.entered().isPresent()) {
                Duration excess = excess(ready, job.entered().get(), job.settled());
                longest = longest.filter(most -> most.excess().compareTo(excess) >= 0)
                        .or(() -> Optional.of(new Wait(job, ready, excess)));
            }
        }
        return longest;
    }

    private static Duration excess(Instant ready, Instant entered, Instant settled) {
        Duration excess = Duration.between(ready, entered).minus(Duration.between(entered, settled));
        return excess.isNegative() ? Duration.ZERO : excess;
    }
}
