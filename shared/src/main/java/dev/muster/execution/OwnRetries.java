package dev.muster.execution;

import dev.muster.job.NewJob;
import dev.muster.job.RetryPolicy;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.StoredRecord;
import dev.muster.store.RunningJob;
import java.time.Duration;

/** A job's own waits between its runs. They are read from its record, and only when a run has failed. Pure. */
final class OwnRetries {
    private OwnRetries() {}

    /** The handler's policy, with what the job's submitter has said instead. */
    static RetryPolicy of(RunningJob job, RetryPolicy policy) {
        RunningJob.Bytes bytes = job.bytes();
        if (bytes.headers() == null) {
            return policy; // no record: a payload alone
        }
        return switch (new StoredRecord(bytes.key(), bytes.value(), bytes.headers()).envelope()) {
            case Envelope.Rejected _ -> policy;
            case Envelope.Job said -> merged(said.retries(), policy);
        };
    }

    private static RetryPolicy merged(NewJob.Retries own, RetryPolicy policy) {
        if (own.base().isEmpty() && own.cap().isEmpty()) {
            return policy;
        }
        Duration base = own.base().orElse(policy.base());
        Duration cap = own.cap().orElse(longer(base, policy.cap()));
        return new RetryPolicy(policy.maxFailures(), longer(base, cap).equals(base) ? cap : base, cap);
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }
}
