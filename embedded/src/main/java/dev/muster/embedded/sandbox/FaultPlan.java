package dev.muster.embedded.sandbox;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the sandbox misbehaves, as JSON at {@code /sandbox/faults}:
 * {@snippet lang = json:
 * {"latency": {"minMillis": 50, "maxMillis": 150}, "outage": "NONE", "retryAfterSeconds": 1, "hangSeconds": 30,
 *  "rules": {"RESET_AFTER": {"probability": 0.01, "next": 0}, "RATE_LIMIT": {"probability": 0, "next": 3}}}
 * }
 *
 * @param latency how long every answer of the API takes
 * @param outage whether all of the API is down
 * @param retryAfterSeconds what a 429 names
 * @param hangSeconds how long a hanging request, and its idempotency key, is held before its connection is closed
 * @param rules when a changing request (POST) meets a fault; at most one each, the first that hits
 */
public record FaultPlan(Latency latency, Outage outage, int retryAfterSeconds, int hangSeconds, Map<Kind, Rule> rules) {

    public FaultPlan {
        if (retryAfterSeconds < 0) {
            throw new IllegalArgumentException("retryAfterSeconds is negative: " + retryAfterSeconds);
        }
        if (hangSeconds < 0) {
            throw new IllegalArgumentException("hangSeconds is negative: " + hangSeconds);
        }
        rules = Map.copyOf(rules);
    }

    /** A provider in good health that takes 50 to 150 ms. */
    public static FaultPlan healthy() {
        return new FaultPlan(new Latency(50, 150), Outage.NONE, 1, 30, Map.of());
    }

    /** No latency and no faults: for tests of other things. */
    public static FaultPlan instant() {
        return healthy().withLatency(new Latency(0, 0));
    }

    public FaultPlan withLatency(Latency changed) {
        return new FaultPlan(changed, outage, retryAfterSeconds, hangSeconds, rules);
    }

    public FaultPlan withOutage(Outage changed) {
        return new FaultPlan(latency, changed, retryAfterSeconds, hangSeconds, rules);
    }

    public FaultPlan withRule(Kind kind, Rule rule) {
        Map<Kind, Rule> changed = new EnumMap<>(Kind.class);
        changed.putAll(rules);
        changed.put(kind, rule);
        return new FaultPlan(latency, outage, retryAfterSeconds, hangSeconds, changed);
    }

    /** This plan as the JSON that {@code POST /sandbox/faults} takes. */
    public String toJson() {
        return StripeJson.write(this);
    }

    /** Reads {@link #toJson()}; what is absent is as in {@link #healthy()}. */
    public static FaultPlan fromJson(String json) {
        return StripeJson.MAPPER.readValue(json, Change.class).applyTo(healthy());
    }

    /** A uniform time in milliseconds, both ends included. */
    public record Latency(int minMillis, int maxMillis) {
        public Latency {
            if (minMillis < 0 || maxMillis < minMillis) {
                throw new IllegalArgumentException(
                        "latency must have 0 <= min <= max: " + minMillis + ".." + maxMillis);
            }
        }
    }

    /** Whether all of the API is down. */
    public enum Outage {
        NONE,
        /** Every request is answered 503. */
        UNAVAILABLE,
        /** Every connection is closed without an answer. */
        REFUSE
    }

    /** What can happen to one changing request; also by token, as {@code pm_sandbox_hang}, once per idempotency key. */
    public enum Kind {
        /** 429 with Retry-After; nothing is done and nothing stored. */
        RATE_LIMIT,
        /** The connection is closed before anything is done. */
        RESET_BEFORE,
        /** The work is done and stored, then the connection is closed: the outcome is unknown to the client. */
        RESET_AFTER,
        /** Nothing is done, and no answer comes until the client gives up. */
        HANG,
        /** The work is done and stored, and no answer comes until the client gives up. */
        HANG_AFTER,
        /** The work is done, a 500 is answered, and stored as the answer for the key. */
        ERROR_AFTER_COMMIT;

        String token() {
            return "pm_sandbox_" + name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * When a fault hits.
     *
     * @param probability of each request, 0 to 1
     * @param next the number of coming requests it hits for certain
     */
    public record Rule(double probability, int next) {
        public Rule {
            if (!(probability >= 0 && probability <= 1) || next < 0) {
                throw new IllegalArgumentException(
                        "rule must have 0 <= probability <= 1 and next >= 0: " + probability + ", " + next);
            }
        }

        public static Rule next(int requests) {
            return new Rule(0, requests);
        }

        public static Rule withProbability(double probability) {
            return new Rule(probability, 0);
        }
    }

    /** The fields of a plan that a request changes; rules it does not name stay. */
    record Change(
            @Nullable Latency latency,
            @Nullable Outage outage,
            @Nullable Integer retryAfterSeconds,
            @Nullable Integer hangSeconds,
            @Nullable Map<Kind, Rule> rules) {

        FaultPlan applyTo(FaultPlan plan) {
            FaultPlan changed = new FaultPlan(
                    latency == null ? plan.latency() : latency,
                    outage == null ? plan.outage() : outage,
                    retryAfterSeconds == null ? plan.retryAfterSeconds() : retryAfterSeconds,
                    hangSeconds == null ? plan.hangSeconds() : hangSeconds,
                    plan.rules());
            if (rules != null) {
                for (Map.Entry<Kind, Rule> rule : rules.entrySet()) {
                    changed = changed.withRule(rule.getKey(), rule.getValue());
                }
            }
            return changed;
        }
    }
}
