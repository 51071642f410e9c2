package dev.muster.local.trial;

import dev.muster.job.JobId;
import dev.muster.store.AuditReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether jobs of one key ran one after the other, in submission order. Two witnesses: Postgres, by whose one clock all
 * starts and ends are told, also of runs that failed or were cut short; and the provider, whose books have the charges in
 * the order in which they came. Immutable.
 *
 * @param keys how many keys there were
 * @param disorders jobs that started before the one ahead of them in their key was final, or were charged before it
 * @param overlaps runs that began while a run of another job of their key was not over
 */
public record KeyOrder(int keys, List<String> disorders, List<String> overlaps) {
    public KeyOrder {
        disorders = List.copyOf(disorders);
        overlaps = List.copyOf(overlaps);
    }

    static KeyOrder of(Evidence evidence) {
        Map<JobId, List<Run>> runs = runs(evidence);
        Map<String, Integer> charged = firstCharges(evidence);
        Map<String, List<AuditReader.FinalJob>> byKey = byKey(evidence);
        List<String> disorders = new ArrayList<>();
        List<String> overlaps = new ArrayList<>();
        byKey.forEach((key, jobs) -> {
            jobs.sort(Comparator.comparingLong(AuditReader.FinalJob::offset));
            for (int i = 1; i < jobs.size(); i++) {
                early(key, jobs.get(i - 1), jobs.get(i), runs).ifPresent(disorders::add);
            }
            chargedOutOfTurn(key, jobs, charged).forEach(disorders::add);
            overlapping(key, jobs, runs).forEach(overlaps::add);
        });
        return new KeyOrder(byKey.size(), disorders, overlaps);
    }

    /** From its start, or adoption, until it was written down how it ended. */
    private record Run(JobId job, Instant started, Instant ended) {}

    private static Optional<String> early(
            String key, AuditReader.FinalJob before, AuditReader.FinalJob next, Map<JobId, List<Run>> runs) {
        return runs.getOrDefault(next.id(), List.of()).stream()
                .map(Run::started)
                .min(Comparator.naturalOrder())
                .filter(start -> start.isBefore(before.settled()))
                .map(start -> "job " + next.id() + " of " + key + " started "
                        + Duration.between(start, before.settled()).toMillis() + " ms before job " + before.id()
                        + " was final");
    }

    private static List<String> chargedOutOfTurn(
            String key, List<AuditReader.FinalJob> jobs, Map<String, Integer> charged) {
        List<String> found = new ArrayList<>();
        int latest = -1;
        for (AuditReader.FinalJob job : jobs) {
            int place = charged.getOrDefault(job.id().toString(), latest);
            if (place < latest) {
                found.add("job " + job.id() + " of " + key + " was charged before one that was submitted earlier");
            }
            latest = Math.max(latest, place);
        }
        return found;
    }

    private static List<String> overlapping(String key, List<AuditReader.FinalJob> jobs, Map<JobId, List<Run>> runs) {
        List<Run> all = new ArrayList<>();
        jobs.forEach(job -> all.addAll(runs.getOrDefault(job.id(), List.of())));
        all.sort(Comparator.comparing(Run::started));
        List<String> found = new ArrayList<>();
        for (int i = 1; i < all.size(); i++) {
            Run before = all.get(i - 1);
            Run next = all.get(i);
            if (next.started().isBefore(before.ended()) && !next.job().equals(before.job())) {
                found.add("job " + next.job() + " of " + key + " began "
                        + Duration.between(next.started(), before.ended()).toMillis() + " ms before a run of job "
                        + before.job() + " was over");
            }
        }
        return found;
    }

    private static Map<String, List<AuditReader.FinalJob>> byKey(Evidence evidence) {
        Map<String, List<AuditReader.FinalJob>> byKey = new HashMap<>();
        for (AuditReader.FinalJob row : evidence.finals()) {
            row.key()
                    .ifPresent(key -> byKey.computeIfAbsent(row.queue() + "/" + key, _ -> new ArrayList<>())
                            .add(row));
        }
        return byKey;
    }

    private static Map<JobId, List<Run>> runs(Evidence evidence) {
        Map<JobId, List<Run>> runs = new HashMap<>();
        for (AuditReader.EndedRun run : evidence.interruptions()) {
            add(runs, new Run(run.id(), run.started(), run.ended()));
        }
        for (AuditReader.FinalJob row : evidence.finals()) {
            row.started().ifPresent(started -> add(runs, new Run(row.id(), started, row.settled())));
        }
        return runs;
    }

    private static void add(Map<JobId, List<Run>> runs, Run run) {
        runs.computeIfAbsent(run.job(), _ -> new ArrayList<>()).add(run);
    }

    /** The place of each job's first charge in the provider's books. */
    private static Map<String, Integer> firstCharges(Evidence evidence) {
        Map<String, Integer> first = new HashMap<>();
        List<Evidence.Charge> charges = evidence.charges();
        for (int i = 0; i < charges.size(); i++) {
            int place = i;
            charges.get(i).job().ifPresent(job -> first.putIfAbsent(job, place));
        }
        return first;
    }
}
