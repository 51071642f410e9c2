package dev.muster.worker.trust;

import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Decides, where no coordinator leads, whether an incarnation that left running jobs behind is dead: absent from the
 * group in two reads at least a second apart, both after this worker's own fresh window. Instance ids are never used
 * again, so absence means that it fell silent or left; after a pause of our own, everybody gets a fresh window, since
 * the pause may have expelled us all. Confined to its caller's thread; pure but for its memory.
 */
final class AbsenceJudge {
    static final Duration BETWEEN_READS = Duration.ofSeconds(1);
    /** Reads further apart than this mean that we were paused ourselves. */
    static final Duration OWN_PAUSE = Duration.ofSeconds(3);

    private final Duration freshWindow;
    private final Map<Incarnation, Long> firstAbsent = new HashMap<>();
    private long freshSince;
    private long lastRead;

    /**
     * A judge that has seen nothing yet.
     *
     * @param freshWindow how long after its start or a pause it judges nobody
     */
    AbsenceJudge(Duration freshWindow, long nowNanos) {
        this.freshWindow = freshWindow;
        this.freshSince = nowNanos;
        this.lastRead = nowNanos;
    }

    /** True when a read now can be the first that proves somebody dead. */
    boolean isDue(long nowNanos) {
        long between = BETWEEN_READS.toNanos();
        return firstAbsent.values().stream()
                .anyMatch(since -> nowNanos - since >= between && lastRead - since < between);
    }

    /**
     * Takes a read of the group in.
     *
     * @param suspects incarnations whose rows still run
     * @param members instance ids that are in the group
     * @return those that are dead
     */
    Set<Incarnation> judge(Set<Incarnation> suspects, Set<String> members, long nowNanos) {
        if (nowNanos - lastRead > OWN_PAUSE.toNanos()) {
            freshSince = nowNanos;
            firstAbsent.clear();
        }
        lastRead = nowNanos;
        firstAbsent.keySet().retainAll(suspects);
        Set<Incarnation> dead = new HashSet<>();
        if (nowNanos - freshSince < freshWindow.toNanos()) {
            return dead;
        }
        for (Incarnation suspect : suspects) {
            if (members.contains(suspect.id())) {
                firstAbsent.remove(suspect);
                continue;
            }
            long since = firstAbsent.computeIfAbsent(suspect, s -> nowNanos);
            if (nowNanos - since >= BETWEEN_READS.toNanos()) {
                dead.add(suspect);
            }
        }
        return dead;
    }
}
