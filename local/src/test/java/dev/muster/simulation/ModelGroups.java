package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** Jobs of a key that were started at once, in the model of Postgres: in which order they are closed and carried on. */
final class ModelGroups {
    private final ModelPostgres db;
    private final ModelKeys keys;

    ModelGroups(ModelPostgres db, ModelKeys keys) {
        this.db = db;
        this.keys = keys;
    }

    /** Who of its keys a claim has started until now. */
    static final class Starting {
        private final Map<String, Integer> most;
        private final Map<String, List<JobRow>> groups = new HashMap<>();

        Starting(Map<String, Integer> most) {
            this.most = most;
        }

        /** True if it starts, as the first of a free key or behind those that this claim has started of it. */
        boolean takes(JobRow row, boolean free) {
            String key = row.place.queue() + "/" + row.key.orElseThrow();
            if (free) {
                groups.put(key, new ArrayList<>());
            }
            List<JobRow> group = groups.get(key);
            if (group == null || !(group.isEmpty() || fits(group, row))) {
                groups.remove(key); // who comes after it waits too
                return false;
            }
            group.add(row);
            return true;
        }

        /** True if it starts behind others of its key that run under this incarnation, and not by this claim. */
        boolean joins(JobRow row, List<JobRow> running, Incarnation me) {
            String key = row.place.queue() + "/" + row.key.orElseThrow();
            return !running.isEmpty()
                    && !groups.containsKey(key)
                    && running.stream().allMatch(r -> r.isOf(me))
                    && fits(running, row);
        }

        private boolean fits(List<JobRow> group, JobRow row) {
            int least = Stream.concat(group.stream(), Stream.of(row))
                    .mapToInt(r -> most.getOrDefault(r.type, 1))
                    .min()
                    .orElseThrow();
            return group.size() < least
                    && row.place.partition() == group.getFirst().place.partition();
        }
    }

    /** True if an unfinished job stands before it in its key. */
    boolean isBehind(JobRow row) {
        return row.key.isPresent()
                && (keys.isBehind(row) || keys.runningBefore(row).findAny().isPresent());
    }

    /** Those before which another of their key runs that is not closed with them. */
    Set<JobId> early(List<Outcome> outcomes, Function<Outcome, Optional<JobRow>> mine) {
        Set<JobId> closing = new HashSet<>();
        outcomes.stream()
                .filter(o -> o.verdict() == Outcome.Verdict.SUCCEEDED
                        && mine.apply(o).isPresent())
                .forEach(o -> closing.add(o.id()));
        Set<JobId> early = new HashSet<>();
        for (Outcome outcome : outcomes) {
            mine.apply(outcome)
                    .filter(row -> row.key.isPresent())
                    .filter(row -> keys.isBehind(row)
                            || keys.runningBefore(row).anyMatch(before -> !closing.contains(before.id)))
                    .ifPresent(row -> early.add(row.id));
        }
        return early;
    }

    void waitAgain(JobRow row) {
        db.running.remove(row.id);
        row.incarnation = null;
        row.state = JobRow.State.PARKED;
        row.dueAt = db.world.now();
        db.waiting.put(row.id, row);
    }

    /** Of a group, only the first is carried on when its worker or its lane has ended. */
    boolean isFollower(JobRow row) {
        return db.isOn(Guard.GROUP_FIRST) && isBehind(row);
    }
}
