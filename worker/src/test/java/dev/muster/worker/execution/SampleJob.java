package dev.muster.worker.execution;

import dev.muster.job.JobId;
import dev.muster.store.RunningJob;
import java.time.Instant;
import java.util.Optional;

/** Jobs for tests that don't look at what they are. */
final class SampleJob {
    private SampleJob() {}

    static RunningJob running() {
        return running(0, Optional.empty());
    }

    static RunningJob running(int failures, Optional<Integer> maxFailures) {
        return new RunningJob(
                JobId.of("test", "1"),
                "test",
                1,
                new RunningJob.Place("q", 0, 0),
                Optional.empty(),
                new RunningJob.Budget(failures, 0, maxFailures),
                new RunningJob.Times(Instant.EPOCH, Optional.empty()),
                new RunningJob.Bytes(null, new byte[0], null));
    }
}
