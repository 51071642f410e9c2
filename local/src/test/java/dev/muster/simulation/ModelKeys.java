package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.store.Groups;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Who of a key runs, who waits first, and when a waiting one is looked at again, in the model of Postgres. */
final class ModelKeys {
    private static final long AGAIN_FOREIGN = World.millis(250);
    private static final long AGAIN = World.millis(5_000);

    private final ModelPostgres db;
    private final Incarnation me;

    ModelKeys(ModelPostgres db, Incarnation me) {
        this.db = db;
        this.me = me;
    }

    /** Who runs of its key. */
    Optional<JobRow> headOf(JobRow row) {
        return db.running.values().stream()
                .filter(r -> r.isBehindOrAt(row))
                .filter(r -> db.isOn(Guard.KEY_OF_TABLE) || r.isOf(me))
                .findFirst();
    }

    /** All that run of its key. */
    List<JobRow> runningOf(JobRow row) {
        return db.running.values().stream().filter(r -> r.isBehindOrAt(row)).toList();
    }

    Optional<JobRow> lastRunning(JobRow row) {
        return runningOf(row).stream().max(Comparator.comparingLong(ModelKeys::position));
    }

    Optional<JobRow> firstWaiting(JobRow row) {
        return waitingOf(row).min(Comparator.comparingLong(ModelKeys::position));
    }

    /** Who runs of its key and stands before it. */
    Stream<JobRow> runningBefore(JobRow row) {
        return db.running.values().stream()
                .filter(r -> r.isBehindOrAt(row) && row.keyPosition != null && position(r) < position(row));
    }

    /** The first that waits of a key, and behind it those that may start with it. */
    List<JobRow> next(JobRow row, Groups groups) {
        List<JobRow> waiting = waitingOf(row)
                .sorted(Comparator.comparingLong(ModelKeys::position))
                .toList();
        List<JobRow> next = new ArrayList<>();
        int most = Integer.MAX_VALUE;
        for (JobRow one : waiting) {
            most = Math.min(most, groups.most().getOrDefault(one.type, 1));
            if (!next.isEmpty()
                    && (next.size() >= most
                            || one.place.partition() != next.getFirst().place.partition())) {
                break;
            }
            next.add(one);
        }
        return next;
    }

    boolean isHeadForeign(JobRow row) {
        return headOf(row).filter(head -> !head.isOf(me)).isPresent();
    }

    /** The next of its key is looked at in a while, where nobody was to look at it. */
    void wakeNext(JobRow row) {
        for (JobRow next : firstWaiting(row).stream().toList()) {
            next.dueAt = next.dueAt == JobRow.NEVER ? recheck(false) : next.dueAt;
        }
    }

    boolean isBehind(JobRow row) {
        return waitingOf(row).anyMatch(other -> position(other) < position(row));
    }

    long recheck(boolean headIsForeign) {
        long about = headIsForeign ? AGAIN_FOREIGN : AGAIN;
        return db.world.now() + db.world.between(about * 9 / 10, about * 11 / 10);
    }

    void lookNow(JobRow row) {
        row.dueAt = db.world.now();
    }

    private Stream<JobRow> waitingOf(JobRow row) {
        return db.waiting.values().stream().filter(r -> r.isBehindOrAt(row) && r.keyPosition != null);
    }

    private static long position(JobRow row) {
        return Objects.requireNonNull(row.keyPosition, "a row that has no place in its key");
    }
}
