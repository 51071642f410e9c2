package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which processes run though somebody else has fenced them. They end by themselves; one that can't, being stopped, is to
 * be killed. Confined to the fleet's thread.
 */
final class Overdue {
    /** Surveys that a process may miss before it is killed: a worker that leaves needs a moment to end. */
    private static final int MISSED_BY_LEAVING = 3;

    private Map<Incarnation, Integer> missed = Map.of();

    /** Takes in who is live in Postgres; returns who should have ended. */
    List<WorkerProcess> surveyed(Set<Incarnation> live, List<WorkerProcess> running) {
        Map<Incarnation, Integer> next = new HashMap<>();
        for (WorkerProcess process : running) {
            Incarnation incarnation = process.incarnation();
            if (!live.contains(incarnation) && !process.onExit().isDone()) {
                next.put(incarnation, missed.getOrDefault(incarnation, 0) + 1);
            }
        }
        missed = next;
        return running.stream()
                .filter(process -> next.getOrDefault(process.incarnation(), 0) > MISSED_BY_LEAVING)
                .toList();
    }
}
