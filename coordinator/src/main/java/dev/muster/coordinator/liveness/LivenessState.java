package dev.muster.coordinator.liveness;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What liveness remembers. Immutable; times are nanoseconds of the monotonic clock.
 *
 * @param workers who is watched
 * @param ended lives that are over, the latest thousand: a zombie's heartbeat must not bring one back
 * @param lastTickNanos when time was last looked at; empty before the first time
 * @param hold a mass silence that is going on
 */
public record LivenessState(
        Map<Incarnation, Watched> workers, Set<Incarnation> ended, Optional<Long> lastTickNanos, Optional<Hold> hold) {
    private static final int REMEMBERED = 1_000;

    public LivenessState {
        workers = Map.copyOf(workers);
        ended = Collections.unmodifiableSet(ended); // every change is made on a copy that keeps the order
    }

    /**
     * A worker under watch.
     *
     * @param freshSinceNanos from when silence counts: its last heartbeat, or the start of its window
     * @param heard it has had a heartbeat in this life
     * @param probe the latest asking of its health port since it became suspect
     * @param health where it listens, once it has said so
     * @param last its latest heartbeat
     */
    public record Watched(
            WorkerStatus status,
            long freshSinceNanos,
            boolean heard,
            Probe probe,
            Optional<HealthAddress> health,
            Optional<Heartbeat> last) {

        Watched with(WorkerStatus next) {
            return new Watched(next, freshSinceNanos, heard, probe, health, last);
        }

        Watched with(Probe next) {
            return new Watched(status, freshSinceNanos, heard, next, health, last);
        }

        /** Its process runs as far as that: from now on it is judged like one that is heard. */
        Watched listeningAt(HealthAddress address, long nowNanos) {
            return new Watched(status, nowNanos, heard, probe, Optional.of(address), last);
        }

        Watched freshAt(long nowNanos) {
            // A lost one too: had the verdict been acted on, its life would have ended by now.
            WorkerStatus fresh = heard ? WorkerStatus.HEALTHY : WorkerStatus.STARTING;
            return new Watched(fresh, nowNanos, heard, Probe.none(), health, last);
        }
    }

    /**
     * The second fact.
     *
     * @param askedAtNanos when it was last asked for
     * @param open the last asking has no answer yet
     * @param dead it was asked since the worker is suspect, and at the last answer nobody had answered
     */
    public record Probe(Optional<Long> askedAtNanos, boolean open, boolean dead) {
        static Probe none() {
            return new Probe(Optional.empty(), false, false);
        }

        Probe askedAt(long nowNanos) {
            return new Probe(Optional.of(nowNanos), true, dead);
        }

        Probe answered(boolean alive) {
            return new Probe(askedAtNanos, false, !alive);
        }
    }

    /** A mass silence; {@code spent}: its time is over, so it holds nothing back any more. */
    public record Hold(long sinceNanos, boolean spent) {}

    public static LivenessState initial() {
        return new LivenessState(Map.of(), Set.of(), Optional.empty(), Optional.empty());
    }

    LivenessState with(Incarnation incarnation, Watched watched) {
        Map<Incarnation, Watched> copy = new HashMap<>(workers);
        copy.put(incarnation, watched);
        return new LivenessState(copy, ended, lastTickNanos, hold);
    }

    LivenessState with(Map<Incarnation, Watched> changed) {
        return new LivenessState(changed, ended, lastTickNanos, hold);
    }

    LivenessState with(Optional<Hold> changed) {
        return new LivenessState(workers, ended, lastTickNanos, changed);
    }

    LivenessState tickedAt(long nowNanos) {
        return new LivenessState(workers, ended, Optional.of(nowNanos), hold);
    }

    /** Without whoever is not among these; a life that is minted a moment later is heard or expected again. */
    LivenessState only(Set<Incarnation> live) {
        Map<Incarnation, Watched> left = new HashMap<>(workers);
        left.keySet().retainAll(live);
        return with(left);
    }

    LivenessState without(Incarnation incarnation) {
        Map<Incarnation, Watched> left = new HashMap<>(workers);
        left.remove(incarnation);
        Set<Incarnation> over = new LinkedHashSet<>(ended);
        over.add(incarnation);
        while (over.size() > REMEMBERED) {
            over.remove(over.iterator().next());
        }
        return new LivenessState(left, over, lastTickNanos, hold);
    }
}
