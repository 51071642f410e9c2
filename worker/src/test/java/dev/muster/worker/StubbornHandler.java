package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** Never ends and ignores its interrupts, until its worker has died and another one runs it. */
final class StubbornHandler implements JobHandler<StubbornHandler.Nothing> {
    record Nothing() {}

    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    public String type() {
        return "test.stubborn";
    }

    @Override
    public Class<Nothing> payloadType() {
        return Nothing.class;
    }

    @Override
    public Duration timeout() {
        return Duration.ofMinutes(10);
    }

    @Override
    public JobResult run(Nothing nothing, JobContext context) {
        while (context.recoveries() == 0) {
            try {
                never.await();
            } catch (InterruptedException _) {
                // That is what makes it stubborn.
            }
        }
        return JobResult.succeeded();
    }
}
