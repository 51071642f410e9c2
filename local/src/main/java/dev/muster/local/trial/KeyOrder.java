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

/** Whether jobs of one key ran one after the other, in submission order. */
final class KeyOrder {
    /**
     * A run that was cut short before anybody wrote down when its handler was entered has only the time at which the
     * statement that started it began; that statement may have waited a moment for the settle before it, on whose
     * result it then acted.
     */
    private static final Duration STATEMENT_SKEW = Duration.ofMillis(250);

    private KeyOrder() {}

    /**
     * Adds a violation for each job that started before the one ahead of it in its key was final.
     *
     * @return how many
     */
    static int check(Evidence evidence, Audit.Violations violations) {
        Map<JobId, Instant> firstStart = firstStarts(evidence);
        int[] found = {0};
        byKey(evidence).forEach((key, jobs) -> {
            jobs.sort(Comparator.comparingLong(AuditReader.FinalJob::offset));
            for (int i = 1; i < jobs.size(); i++) {
                AuditReader.FinalJob before = jobs.get(i - 1);
                AuditReader.FinalJob next = jobs.get(i);
                Optional<Instant> start = Optional.ofNullable(firstStart.get(next.id()));
                if (start.isPresent() && start.get().isBefore(before.settled())) {
                    found[0]++;
                    violations.add(
                            "Out of order in its key",
                            "job " + next.id() + " of " + key + " started "
                                    + Duration.between(start.get(), before.settled())
                                            .toMillis()
                                    + " ms before job " + before.id() + " was final");
                }
            }
        });
        return found[0];
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

    /** When each job's handler was first entered, as well as it is known. */
    private static Map<JobId, Instant> firstStarts(Evidence evidence) {
        Map<JobId, Instant> first = new HashMap<>();
        for (AuditReader.EndedRun run : evidence.interruptions()) {
            first.merge(run.id(), start(run.entered(), run.started()), KeyOrder::earlier);
        }
        for (AuditReader.FinalJob row : evidence.finals()) {
            row.started().ifPresent(started -> first.merge(row.id(), start(row.entered(), started), KeyOrder::earlier));
        }
        return first;
    }

    private static Instant start(Optional<Instant> entered, Instant started) {
        return entered.orElse(started.plus(STATEMENT_SKEW));
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }
}
