package dev.muster.local.trial;

import dev.muster.job.JobId;
import dev.muster.store.AuditReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How long jobs that a kill interrupted stood still: from the kill until the handler was entered again under another
 * incarnation. A job that two kills hit counts twice.
 *
 * @param unmeasured interrupted jobs of which nobody wrote down when they were entered again
 */
public record Recovery(List<Long> millis, int unmeasured) {

    public Recovery {
        millis = List.copyOf(millis);
    }

    public static Recovery of(Evidence evidence) {
        Map<String, Instant> killedAt = new HashMap<>();
        evidence.kills().forEach(kill -> killedAt.put(kill.incarnation(), kill.at()));
        Map<JobId, TreeMap<Integer, Instant>> entries = entries(evidence);

        List<Long> millis = new ArrayList<>();
        int unmeasured = 0;
        for (AuditReader.EndedRun run : evidence.interruptions()) {
            Instant kill = killedAt.get(run.incarnation());
            if (!run.isInterrupted() || kill == null) {
                continue;
            }
            Optional<Instant> again = nextEntry(entries, run);
            if (again.isPresent()) {
                millis.add(Math.max(0, Duration.between(kill, again.get()).toMillis()));
            } else {
                unmeasured++;
            }
        }
        return new Recovery(millis, unmeasured);
    }

    /** The next run may have been cut short as well, before its handler was entered: then the one after it counts. */
    private static Optional<Instant> nextEntry(
            Map<JobId, TreeMap<Integer, Instant>> entries, AuditReader.EndedRun run) {
        return Optional.ofNullable(entries.get(run.id()))
                .map(byAttempt -> byAttempt.higherEntry(run.attempt()))
                .map(Map.Entry::getValue);
    }

    private static Map<JobId, TreeMap<Integer, Instant>> entries(Evidence evidence) {
        Map<JobId, TreeMap<Integer, Instant>> entries = new HashMap<>();
        for (AuditReader.EndedRun run : evidence.interruptions()) {
            run.entered().ifPresent(at -> note(entries, run.id(), run.attempt(), at));
        }
        for (AuditReader.FinalJob row : evidence.finals()) {
            row.entered().ifPresent(at -> note(entries, row.id(), row.attempt(), at));
        }
        return entries;
    }

    private static void note(Map<JobId, TreeMap<Integer, Instant>> entries, JobId id, int attempt, Instant at) {
        entries.computeIfAbsent(id, _ -> new TreeMap<>()).put(attempt, at);
    }
}
