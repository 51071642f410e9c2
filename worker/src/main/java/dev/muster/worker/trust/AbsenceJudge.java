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
    /**
     * A longer gap between two signs of life was a pause of this worker itself. It calls three times as often, and a
     * drain lease that is renewed in time has longer than this to live: who stood still as long as we did still has its
     * lease when a shorter pause ends.
     */
    static final Duration OWN_PAUSE = Duration.ofMillis(1_500);

    private final Duration freshWindow;
    private final Map<Incarnation, Long> firstAbsent = new HashMap<>();
    private long freshSince;
    private long lastAwake;
    private long lastRead;

    /**
     * A judge that has seen nothing yet.
     *
     * @param freshWindow how long after its start or a pause it judges nobody
     */
    AbsenceJudge(Duration freshWindow, long nowNanos) {
        this.freshWindow = freshWindow;
        this.freshSince = nowNanos;
        this.lastAwake = nowNanos;
        this.lastRead = nowNanos;
    }

    /**
     * A sign of life of this worker: to be given several times a second, and before what was judged is acted on.
     *
     * @return false if it has stood still since the last one; everybody has a fresh window then
     */
    boolean wasAwake(long nowNanos) {
        boolean awake = nowNanos - lastAwake <= OWN_PAUSE.toNanos();
        if (!awake) {
            freshSince = nowNanos;
            firstAbsent.clear();
        }
        lastAwake = nowNanos;
        return awake;
    }

    /** True when a read now can be the first that proves somebody dead. */
    boolean isDue(long nowNanos) {
        long between = BETWEEN_READS.toNanos();
        return firstAbsent.values().stream()
                .anyMatch(since -> nowNanos - since >= between && lastRead - since < between);
    }

    /**
     * Takes a read of the group in, which is a sign of life as well.
     *
     * @param suspects incarnations whose rows still run
     * @param members instance ids that are in the group
     * @return those that are dead
     */
    Set<Incarnation> judge(Set<Incarnation> suspects, Set<String> members, long nowNanos) {
        var _ = wasAwake(nowNanos);
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
