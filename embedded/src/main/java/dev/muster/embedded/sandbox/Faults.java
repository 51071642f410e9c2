package dev.muster.embedded.sandbox;

import dev.muster.embedded.sandbox.FaultPlan.Kind;
import dev.muster.embedded.sandbox.FaultPlan.Latency;
import dev.muster.embedded.sandbox.FaultPlan.Rule;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Decides which request meets which fault. With one client at a time the same seed gives the same faults.
 *
 * <p>Thread-safety: thread-safe; guarded by {@code lock}.
 */
final class Faults {
    private final ReentrantLock lock = new ReentrantLock();
    private final FaultPlan initial;
    private final SplittableRandom random;
    private final Set<String> keysFaultedByToken = new HashSet<>();
    private FaultPlan plan;

    Faults(FaultPlan initial, long seed) {
        this.initial = initial;
        this.plan = initial;
        this.random = new SplittableRandom(seed);
    }

    FaultPlan plan() {
        lock.lock();
        try {
            return plan;
        } finally {
            lock.unlock();
        }
    }

    void change(FaultPlan.Change change) {
        lock.lock();
        try {
            plan = change.applyTo(plan);
        } finally {
            lock.unlock();
        }
    }

    /** Back to the plan the sandbox was started with. */
    void reset() {
        lock.lock();
        try {
            plan = initial;
        } finally {
            lock.unlock();
        }
    }

    /** The fault a changing request meets, if any. */
    Optional<Kind> forRequest(String paymentMethod, String key) {
        lock.lock();
        try {
            return byToken(paymentMethod, key).or(this::byRule);
        } finally {
            lock.unlock();
        }
    }

    /** How long the answer to a request takes, in milliseconds. */
    long latencyMillis() {
        lock.lock();
        try {
            Latency latency = plan.latency();
            return random.nextLong(latency.minMillis(), latency.maxMillis() + 1L);
        } finally {
            lock.unlock();
        }
    }

    /** Once per key, so that the retry of a request finds what the first one left. */
    private Optional<Kind> byToken(String paymentMethod, String key) {
        for (Kind kind : Kind.values()) {
            if (kind.token().equals(paymentMethod) && (key.isEmpty() || keysFaultedByToken.add(key))) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    private Optional<Kind> byRule() {
        for (Kind kind : Kind.values()) {
            Rule rule = plan.rules().getOrDefault(kind, Rule.next(0));
            if (rule.next() > 0) {
                plan = plan.withRule(kind, new Rule(rule.probability(), rule.next() - 1));
                return Optional.of(kind);
            }
            // Drawn only where it matters, so that adding a rule that never hits changes no run.
            if (rule.probability() > 0 && random.nextDouble() < rule.probability()) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
