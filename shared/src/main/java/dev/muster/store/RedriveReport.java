package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What became of the dead letters of an order; after a dry run, what would become of them. Immutable.
 *
 * @param batch names what this order has redriven in the table {@code redrive}
 * @param counts how many came to what; what none came to is missing
 * @param refused a few of those that are not redriven
 * @param lastDue when the last of them is due, by Postgres' clock; empty: none is redriven
 * @param more whether there may be more than one order takes: then it is to be given again
 */
public record RedriveReport(
        boolean dryRun,
        UUID batch,
        Map<RedriveVerdict, Integer> counts,
        List<Refused> refused,
        Optional<Instant> lastDue,
        boolean more) {
    public RedriveReport {
        counts = counts.isEmpty() ? Map.of() : new EnumMap<>(counts);
        refused = List.copyOf(refused);
    }

    /**
     * One that stays where it is.
     *
     * @param detail what is wrong with it beyond the verdict; empty: nothing
     */
    public record Refused(JobId id, RedriveVerdict verdict, String detail) {}

    public int redriven() {
        return counts.getOrDefault(RedriveVerdict.REDRIVEN, 0);
    }

    /** How many stay where they are. */
    public int kept() {
        return counts.values().stream().mapToInt(Integer::intValue).sum() - redriven();
    }
}
