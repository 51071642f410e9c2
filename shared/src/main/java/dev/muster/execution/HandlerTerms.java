package dev.muster.execution;

import dev.muster.job.AfterDead;
import dev.muster.job.JobHandler;
import dev.muster.job.RetryPolicy;
import dev.muster.protocol.Envelope;
import java.time.Duration;
import java.util.Objects;

/**
 * A handler and what it says of itself. It is asked once, when it is loaded: later its code runs nowhere but in its own
 * jobs, where a loop or an exception of it hurts nobody else. Immutable.
 *
 * @param timeout from 1 ms
 * @param dependency empty: none
 */
public record HandlerTerms<P>(
        JobHandler<P> handler,
        String type,
        Class<P> payloadType,
        Duration timeout,
        RetryPolicy retryPolicy,
        String dependency,
        AfterDead afterDead,
        boolean strictOrder) {

    public HandlerTerms {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(payloadType, "payloadType");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(retryPolicy, "retryPolicy");
        Objects.requireNonNull(dependency, "dependency");
        Objects.requireNonNull(afterDead, "afterDead");
        if (!Envelope.TYPE.matcher(type).matches()) {
            throw new IllegalArgumentException("its type is none that a job can have: " + type);
        }
        if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("its timeout is below 1 ms: " + timeout);
        }
    }

    /**
     * Asks a handler.
     *
     * @throws IllegalArgumentException if it can't say, or says what can't be; names its class
     */
    public static <P> HandlerTerms<P> of(JobHandler<P> handler) {
        try {
            return new HandlerTerms<>(
                    handler,
                    handler.type(),
                    handler.payloadType(),
                    handler.timeout(),
                    handler.retryPolicy(),
                    handler.dependency(),
                    handler.afterDead(),
                    handler.strictOrder());
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalArgumentException(
                    "the handler " + handler.getClass().getName() + " can't be used: " + e, e);
        }
    }
}
