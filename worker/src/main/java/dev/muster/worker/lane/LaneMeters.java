package dev.muster.worker.lane;

import dev.muster.store.Claim;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import dev.muster.telemetry.HotMeters;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.LongAdder;

/** Counts what the lanes do, for Prometheus and for the heartbeat. Thread-safe. */
public final class LaneMeters {
    private final MeterRegistry registry;
    private final HotMeters hot;
    private final Ticker ticker;
    private final LongAdder claimed = new LongAdder();
    private final LongAdder settled = new LongAdder();
    private final LongAdder adopted = new LongAdder();
    private final LongAdder rejected = new LongAdder();

    public LaneMeters(MeterRegistry registry, Ticker ticker) {
        this.registry = registry;
        this.hot = new HotMeters(registry);
        this.ticker = ticker;
        MeterName.JOBS_ADOPTED.counter(registry);
        MeterName.FENCING_REJECTIONS.counter(registry, "settle");
        MeterName.FENCING_REJECTIONS.counter(registry, "claim");
        MeterName.DUPLICATES_SUPPRESSED.counter(registry, "claim");
    }

    public long claimedTotal() {
        return claimed.sum();
    }

    public long settledTotal() {
        return settled.sum();
    }

    public long adoptedTotal() {
        return adopted.sum();
    }

    public long rejectedTotal() {
        return rejected.sum();
    }

    void claimed(Claim.Entry entry, Claim.Verdict verdict) {
        switch (verdict) {
            case STARTED, JOINED, WAITING -> claimed.increment();
            case DUPLICATE ->
                MeterName.DUPLICATES_SUPPRESSED.counter(registry, "claim").increment();
            case DEAD -> {
                String reason = entry.dead().map(Claim.Dead::reason).orElse("identity_conflict");
                MeterName.JOBS_REJECTED.counter(registry, reason).increment();
                MeterName.JOBS_FINISHED.counter(registry, entry.type(), "dead").increment();
            }
            case CANCELLED -> {
                claimed.increment();
                MeterName.JOBS_FINISHED
                        .counter(registry, entry.type(), "cancelled")
                        .increment();
            }
            case NOT_OWNER -> {}
        }
        if (verdict == Claim.Verdict.STARTED || verdict == Claim.Verdict.JOINED) {
            hot.timer(MeterName.JOB_QUEUE_WAIT, entry.type())
                    .record(since(entry.terms().submittedAt()));
        }
    }

    void refusedClaim() {
        rejected.increment();
        MeterName.FENCING_REJECTIONS.counter(registry, "claim").increment();
    }

    void polled(String queue, int records) {
        hot.counter(MeterName.JOBS_RECEIVED, queue).increment(records);
    }

    void adopted(int jobs) {
        adopted.add(jobs);
        MeterName.JOBS_ADOPTED.counter(registry).increment(jobs);
    }

    void settled(RunningJob job, Outcome.Verdict verdict) {
        settled.increment();
        switch (verdict) {
            case SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED -> {
                String outcome = verdict.wireName();
                hot.counter(MeterName.JOBS_FINISHED, job.type(), outcome).increment();
                hot.timer(MeterName.JOB_END_TO_END, job.type(), outcome)
                        .record(since(job.times().submittedAt()));
            }
            case RETRIED, SNOOZED, PARKED, UNKNOWN -> {}
        }
    }

    /** A submitter's clock, or its whim, may say anything; a timer takes 292 years at most. */
    private Duration since(Instant submittedAt) {
        Duration wait = Duration.between(submittedAt, ticker.now());
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    void rejectedSettle() {
        rejected.increment();
        MeterName.FENCING_REJECTIONS.counter(registry, "settle").increment();
    }

    void database(String operation, long startedNanos) {
        hot.timer(MeterName.DB_OPERATION, operation).record(Duration.ofNanos(ticker.nanos() - startedNanos));
    }
}
