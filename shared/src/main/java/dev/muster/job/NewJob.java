package dev.muster.job;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A job that is to be submitted, without its queue. Immutable: each method gives another one.
 *
 * @param type names the handler, such as {@code payment.charge}
 * @param payload anything that Jackson writes as JSON; a {@code byte[]} is JSON already
 * @param key the record's key; in a keyed queue what its order goes by
 * @param id with its source the job's identity: the same pair again is the same job; empty: made up
 * @param terms when and how often it may run
 */
public record NewJob(String type, Object payload, Optional<String> key, Optional<String> id, Terms terms) {

    public NewJob {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(payload, "payload");
    }

    /**
     * When a job may run, and beside which others. What is empty restricts nothing.
     *
     * @param start not before
     * @param deadline not started after; such a job is expired
     * @param uniqueKey of the jobs of a queue that have it, one is unfinished at a time; 1 to 200 characters
     * @param limitKey no more jobs that have it run at once than its limit says; 1 to 200 characters
     */
    public record Terms(
            Start start,
            Optional<Instant> deadline,
            Retries retries,
            Optional<String> uniqueKey,
            Optional<String> limitKey) {}

    /** When a job may start. */
    public sealed interface Start {
        record AtOnce() implements Start {}

        record At(Instant time) implements Start {}

        /** So long after it was submitted. */
        record After(Duration delay) implements Start {
            public After {
                if (delay.isNegative()) {
                    throw new IllegalArgumentException("delay is negative: " + delay);
                }
            }
        }
    }

    /**
     * How a job is tried again; what is empty is the handler's own.
     *
     * @param maxAttempts so many failed runs make it dead, 1 to 1000
     * @param base the upper bound of the first wait, 1 ms to 366 days
     * @param cap no wait is longer, 1 ms to 366 days
     */
    public record Retries(Optional<Integer> maxAttempts, Optional<Duration> base, Optional<Duration> cap) {
        /** Those of the handler. */
        public static Retries ofHandler() {
            return new Retries(Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    /** A job without key, of its own id, that runs at once. */
    public static NewJob of(String type, Object payload) {
        return new NewJob(
                type,
                payload,
                Optional.empty(),
                Optional.empty(),
                new Terms(
                        new Start.AtOnce(), Optional.empty(), Retries.ofHandler(), Optional.empty(), Optional.empty()));
    }

    public NewJob key(String value) {
        return new NewJob(type, payload, Optional.of(value), id, terms);
    }

    public NewJob id(String value) {
        return new NewJob(type, payload, key, Optional.of(value), terms);
    }

    public NewJob runAt(Instant time) {
        return start(new Start.At(time));
    }

    /**
     * Counted from when it is submitted.
     *
     * @param time not negative
     */
    public NewJob delay(Duration time) {
        return start(new Start.After(time));
    }

    public NewJob deadline(Instant time) {
        return with(new Terms(terms.start(), Optional.of(time), terms.retries(), terms.uniqueKey(), terms.limitKey()));
    }

    public NewJob maxAttempts(int attempts) {
        return retries(new Retries(
                Optional.of(attempts), terms.retries().base(), terms.retries().cap()));
    }

    /** Exponential backoff with full jitter: the first wait is up to {@code base}, none is longer than {@code cap}. */
    public NewJob backoff(Duration base, Duration cap) {
        return retries(new Retries(terms.retries().maxAttempts(), Optional.of(base), Optional.of(cap)));
    }

    public NewJob uniqueKey(String value) {
        return with(new Terms(terms.start(), terms.deadline(), terms.retries(), Optional.of(value), terms.limitKey()));
    }

    public NewJob limitKey(String value) {
        return with(new Terms(terms.start(), terms.deadline(), terms.retries(), terms.uniqueKey(), Optional.of(value)));
    }

    private NewJob start(Start start) {
        return with(new Terms(start, terms.deadline(), terms.retries(), terms.uniqueKey(), terms.limitKey()));
    }

    private NewJob retries(Retries retries) {
        return with(new Terms(terms.start(), terms.deadline(), retries, terms.uniqueKey(), terms.limitKey()));
    }

    private NewJob with(Terms other) {
        return new NewJob(type, payload, key, id, other);
    }
}
