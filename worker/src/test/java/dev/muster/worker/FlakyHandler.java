package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Fails as often as its payload says, then takes as long as it says. */
final class FlakyHandler implements JobHandler<FlakyHandler.Flaky> {
    record Flaky(int failures, long millis) {}

    @Override
    public String type() {
        return "test.flaky";
    }

    @Override
    public Class<Flaky> payloadType() {
        return Flaky.class;
    }

    @Override
    public JobResult run(Flaky flaky, JobContext context) throws Exception {
        if (context.failures() < flaky.failures()) {
            return new JobResult.Retry("as its payload says", Optional.of(Duration.ofMillis(300)));
        }
        TimeUnit.MILLISECONDS.sleep(flaky.millis()); // what the job is: a wait of a known length
        return JobResult.succeeded();
    }
}
