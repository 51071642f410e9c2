package dev.muster.local.trial;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.store.AuditReader;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The verdict over a run, a pure function of the evidence. Immutable.
 *
 * @param finals how many submitted jobs are in each final state
 * @param unknown how many wait for a provider's answer that nobody knows
 * @param lost how many submitted jobs have no final state and are not {@code unknown} either
 * @param charges how many cards the provider has charged
 * @param duplicateCharges charges beyond the first of a job
 * @param orderViolations jobs that ran out of order in their key
 * @param violations what is wrong, for a human; empty: all is well
 */
public record Audit(
        Map<JobState, Integer> finals,
        int unknown,
        int lost,
        int charges,
        int duplicateCharges,
        int orderViolations,
        List<String> violations) {

    public Audit {
        finals = new EnumMap<>(finals);
        violations = List.copyOf(violations);
    }

    /** Judges a run that must have had at least {@code minKills} kills; a run that nobody disturbed proves nothing. */
    public static Audit of(Evidence evidence, int minKills) {
        Violations violations = new Violations();
        Map<JobId, JobState> states = states(evidence, violations);
        Set<JobId> unfinished = unfinished(evidence, violations);
        int lost = lost(evidence, states, unfinished, violations);
        Map<String, Integer> charged = charged(evidence);
        checkCharges(evidence, states, charged, violations);
        int outOfOrder = KeyOrder.check(evidence, violations);
        if (evidence.kills().size() < minKills) {
            violations.add("Too few kills to prove anything", evidence.kills().size() + " of at least " + minKills);
        }
        return new Audit(
                count(evidence, states),
                (int) evidence.unfinished().stream()
                        .filter(job -> job.state() == JobState.UNKNOWN)
                        .count(),
                lost,
                charged.values().stream().mapToInt(Integer::intValue).sum(),
                charged.values().stream().mapToInt(n -> n - 1).sum(),
                outOfOrder,
                violations.lines());
    }

    public boolean isOk() {
        return violations.isEmpty();
    }

    public int in(JobState state) {
        return finals.getOrDefault(state, 0);
    }

    private static Map<JobId, JobState> states(Evidence evidence, Violations violations) {
        Map<JobId, JobState> states = new HashMap<>();
        for (AuditReader.FinalJob row : evidence.finals()) {
            if (states.put(row.id(), row.state()) != null) {
                violations.add("In the history twice", "job " + row.id());
            }
        }
        Set<JobId> submitted = new HashSet<>();
        evidence.submitted().forEach(job -> submitted.add(job.id()));
        for (JobId id : states.keySet()) {
            if (!submitted.contains(id)) {
                violations.add("In the history, but never submitted", "job " + id);
            }
        }
        return states;
    }

    private static Set<JobId> unfinished(Evidence evidence, Violations violations) {
        Set<JobId> ids = new HashSet<>();
        for (AuditReader.UnfinishedJob job : evidence.unfinished()) {
            ids.add(job.id());
            violations.add("Not final", "job " + job.id() + " is " + job.state().wireName());
        }
        return ids;
    }

    private static int lost(
            Evidence evidence, Map<JobId, JobState> states, Set<JobId> unfinished, Violations violations) {
        Set<JobId> unknown = new HashSet<>();
        evidence.unfinished().stream()
                .filter(job -> job.state() == JobState.UNKNOWN)
                .forEach(job -> unknown.add(job.id()));
        int lost = 0;
        for (Evidence.Submitted job : evidence.submitted()) {
            if (states.containsKey(job.id())) {
                if (unfinished.contains(job.id())) {
                    violations.add("Final and unfinished at once", "job " + job.id());
                }
            } else if (!unknown.contains(job.id())) {
                lost++;
                if (!unfinished.contains(job.id())) {
                    violations.add("Lost", "job " + job.id() + " of queue " + job.queue() + " is nowhere");
                }
            }
        }
        return lost;
    }

    /** Successful charges by the job they name; those that name none under the charge's own id. */
    private static Map<String, Integer> charged(Evidence evidence) {
        Map<String, Integer> charged = new HashMap<>();
        evidence.charges().stream()
                .filter(Evidence.Charge::succeeded)
                .forEach(charge -> charged.merge(charge.job().orElse(charge.id()), 1, Integer::sum));
        return charged;
    }

    private static void checkCharges(
            Evidence evidence, Map<JobId, JobState> states, Map<String, Integer> charged, Violations violations) {
        Map<String, JobState> byText = new HashMap<>();
        states.forEach((id, state) -> byText.put(id.toString(), state));
        charged.forEach((job, times) -> {
            JobState state = byText.get(job);
            if (times > 1) {
                violations.add("Charged more than once", "job " + job + ", " + times + " times");
            }
            if (state == null) {
                violations.add("Charged without a finished job", job);
            } else if (state != JobState.SUCCEEDED) {
                violations.add("Charged, but not succeeded", "job " + job + " is " + state.wireName());
            }
        });
        for (Evidence.Submitted job : evidence.submitted()) {
            if (states.get(job.id()) == JobState.SUCCEEDED
                    && !charged.containsKey(job.id().toString())) {
                violations.add("Succeeded, but never charged", "job " + job.id());
            }
        }
    }

    private static Map<JobState, Integer> count(Evidence evidence, Map<JobId, JobState> states) {
        Map<JobState, Integer> count = new EnumMap<>(JobState.class);
        for (Evidence.Submitted job : evidence.submitted()) {
            JobState state = states.get(job.id());
            if (state != null) {
                count.merge(state, 1, Integer::sum);
            }
        }
        return count;
    }

    /** Collects what is wrong, a few examples of each kind: ten thousand lines would say no more. */
    static final class Violations {
        private static final int EXAMPLES = 3;

        private final Map<String, List<String>> byKind = new java.util.LinkedHashMap<>();

        void add(String kind, String which) {
            byKind.computeIfAbsent(kind, _ -> new ArrayList<>()).add(which);
        }

        List<String> lines() {
            List<String> lines = new ArrayList<>();
            byKind.forEach((kind, all) -> {
                String examples = String.join("; ", all.subList(0, Math.min(EXAMPLES, all.size())));
                lines.add(kind + " (" + all.size() + "): " + examples + (all.size() > EXAMPLES ? "; …" : ""));
            });
            return lines;
        }
    }
}
