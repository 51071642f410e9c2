package dev.muster.job;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What a handler says about a run. An exception that it throws instead is a {@link Retry} with its class and message,
 * but for {@link ParkedException} and {@link CallUnderWayException}. Nothing in it is null: a null from a handler fails
 * within the handler's own run.
 */
public sealed interface JobResult {

    /** Done. {@code result} is kept in the history and sent with the event; empty: nothing to say. */
    record Succeeded(String result) implements JobResult {
        public Succeeded {
            Objects.requireNonNull(result, "result");
        }
    }

    /** A business "no": final, and no failure. */
    record Declined(String reason) implements JobResult {
        public Declined {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * Failed for now: spends one of the job's failures and runs again after {@code after}, or after the retry policy's
     * backoff if that is empty. With the budget spent the job is dead.
     */
    record Retry(String reason, Optional<Duration> after) implements JobResult {
        public Retry {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(after, "after");
        }
    }

    /** Not now: runs again after {@code pause}, without spending a failure. */
    record Snooze(String reason, Duration pause) implements JobResult {
        public Snooze {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(pause, "pause");
        }
    }

    /** Failed for good: dead, whatever is left of the budget. */
    record Fail(String reason) implements JobResult {
        public Fail {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * An external call was made and its outcome is not known. The job runs again later and repeats the call under the
     * same idempotency key; it does not become final before the provider has answered.
     */
    record Unknown(String reason) implements JobResult {
        public Unknown {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /** Stopped because its {@link JobContext} said that it was cancelled. */
    record Cancelled(String reason) implements JobResult {
        public Cancelled {
            Objects.requireNonNull(reason, "reason");
        }
    }

    static JobResult succeeded() {
        return new Succeeded("");
    }

    static JobResult succeeded(String result) {
        return new Succeeded(result);
    }

    static JobResult retry(String reason) {
        return new Retry(reason, Optional.empty());
    }
}
