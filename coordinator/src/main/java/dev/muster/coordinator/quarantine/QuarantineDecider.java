package dev.muster.coordinator.quarantine;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.QuarantineStore.Suspect;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Whether a quarantine worker is needed, and whom it is lent. Pure; time comes in.
 *
 * <p>Suspects are lent in groups, and the worker enters them one after the other, so that a death has few in flight. Those
 * of one death are halved until one is alone. A group has the worker for itself; one that has been there long has survived
 * long, and others come beside it.
 */
public final class QuarantineDecider {
    /** A worker that has nobody to watch is stopped after that. */
    static final Duration IDLE = Duration.ofSeconds(15);
    /** Between two starts: one that can't start must not keep the machine busy. */
    static final Duration BETWEEN_STARTS = Duration.ofSeconds(1);
    /** So long suspects wait for a worker that can't be had; then they run like others again. */
    static final Duration PATIENCE = Duration.ofMinutes(1);
    /** A suspect that its owner has not lent by then, such as one of a paused queue, holds up nobody. */
    static final Duration TO_BE_LENT = Duration.ofSeconds(5);
    /** A group that has been there for so long holds up nobody. */
    static final Duration LONG = Duration.ofMinutes(1);

    private QuarantineDecider() {}

    /**
     * What it remembers; times by one monotonic clock, in ns.
     *
     * @param startedNanos when a worker was started last
     * @param neededNanos since when one is needed and not there
     * @param idleNanos since when it has nobody to watch
     */
    public record State(Optional<Long> startedNanos, Optional<Long> neededNanos, Optional<Long> idleNanos) {
        public static State initial() {
            return new State(Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    /** The quarantine worker. */
    public sealed interface Worker {
        /** Nobody here can start one. */
        record Impossible() implements Worker {}

        record Absent() implements Worker {}

        /** Its process has not registered yet. */
        record Starting() implements Worker {}

        record Ready(Incarnation incarnation) implements Worker {}
    }

    /** What is to be done. */
    public sealed interface Effect {
        record Start() implements Effect {}

        record Stop() implements Effect {}

        record Lend(List<JobId> jobs, Incarnation to) implements Effect {
            public Lend {
                jobs = List.copyOf(jobs);
            }
        }

        /** They run like others again. */
        record Release(List<JobId> jobs) implements Effect {
            public Release {
                jobs = List.copyOf(jobs);
            }
        }
    }

    public record Decision(State next, Optional<Effect> effect) {}

    /**
     * Decides.
     *
     * @param suspects of the pool, those of longest standing first
     */
    public static Decision decide(State state, List<Suspect> suspects, Worker worker, long nowNanos) {
        return switch (worker) {
            case Worker.Impossible() -> new Decision(State.initial(), release(suspects, suspects.isEmpty()));
            case Worker.Absent() -> suspects.isEmpty() ? calm(state) : absent(state, suspects, nowNanos);
            case Worker.Starting() -> suspects.isEmpty() ? calm(state) : starting(state, suspects, nowNanos);
            case Worker.Ready(Incarnation incarnation) -> ready(state, suspects, incarnation, nowNanos);
        };
    }

    private static Decision calm(State state) {
        return new Decision(new State(state.startedNanos(), Optional.empty(), Optional.empty()), Optional.empty());
    }

    private static Decision absent(State state, List<Suspect> suspects, long now) {
        Decision waited = starting(state, suspects, now);
        if (waited.effect().isPresent() || !hasPassed(state.startedNanos(), BETWEEN_STARTS, now)) {
            return waited;
        }
        State next = new State(Optional.of(now), waited.next().neededNanos(), Optional.empty());
        return new Decision(next, Optional.of(new Effect.Start()));
    }

    private static Decision starting(State state, List<Suspect> suspects, long now) {
        State next =
                new State(state.startedNanos(), Optional.of(state.neededNanos().orElse(now)), Optional.empty());
        boolean patient = now - next.neededNanos().orElse(now) < PATIENCE.toNanos();
        return new Decision(next, release(suspects, patient));
    }

    private static Optional<Effect> release(List<Suspect> suspects, boolean patient) {
        List<JobId> waiting = suspects.stream()
                .filter(suspect -> !suspect.running())
                .map(Suspect::id)
                .toList();
        return patient || waiting.isEmpty() ? Optional.empty() : Optional.of(new Effect.Release(waiting));
    }

    private static Decision ready(State state, List<Suspect> suspects, Incarnation worker, long now) {
        if (suspects.isEmpty()) {
            State next = new State(
                    state.startedNanos(),
                    Optional.empty(),
                    Optional.of(state.idleNanos().orElse(now)));
            return hasPassed(next.idleNanos(), IDLE, now)
                    ? new Decision(calm(state).next(), Optional.of(new Effect.Stop()))
                    : new Decision(next, Optional.empty());
        }
        State next = new State(state.startedNanos(), Optional.empty(), Optional.empty());
        boolean taken = suspects.stream().anyMatch(suspect -> holdsUp(suspect, worker));
        List<JobId> group = taken ? List.of() : group(suspects, worker);
        return new Decision(next, group.isEmpty() ? Optional.empty() : Optional.of(new Effect.Lend(group, worker)));
    }

    private static boolean holdsUp(Suspect suspect, Incarnation worker) {
        return suspect.loan()
                .filter(loan -> loan.to().equals(worker))
                .filter(loan -> loan.age().compareTo(suspect.running() ? LONG : TO_BE_LENT) < 0)
                .isPresent();
    }

    /** Of those that died together half; those that had the least company first, since the culprit is among them. */
    private static List<JobId> group(List<Suspect> suspects, Incarnation worker) {
        List<Suspect> waiting = suspects.stream()
                .filter(suspect -> !suspect.running())
                .filter(suspect ->
                        suspect.loan().filter(loan -> loan.to().equals(worker)).isEmpty())
                .toList();
        Optional<Integer> least = waiting.stream()
                .map(Suspect::company)
                .filter(company -> company > 0)
                .min(Comparator.naturalOrder());
        int company = least.orElse(0);
        return waiting.stream()
                .filter(suspect -> suspect.company() == company)
                .limit(company == 0 ? Long.MAX_VALUE : Math.max(1, company / 2))
                .map(Suspect::id)
                .toList();
    }

    private static boolean hasPassed(Optional<Long> since, Duration time, long now) {
        return since.isEmpty() || now - since.get() >= time.toNanos();
    }
}
