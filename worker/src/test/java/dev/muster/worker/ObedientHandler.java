package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Says how far it is and goes on until somebody wishes it cancelled; then it ends as its payload says. */
final class ObedientHandler implements JobHandler<ObedientHandler.Plan> {
    record Plan(boolean succeeds) {}

    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    public String type() {
        return "test.obedient";
    }

    @Override
    public Class<Plan> payloadType() {
        return Plan.class;
    }

    @Override
    public Duration timeout() {
        return Duration.ofMinutes(5);
    }

    @Override
    public JobResult run(Plan plan, JobContext context) throws Exception {
        context.progress(30, "waits to be cancelled");
        while (!context.isCancelled()) {
            var _ = never.await(20, TimeUnit.MILLISECONDS);
        }
        return plan.succeeds() ? JobResult.succeeded("done all the same") : new JobResult.Cancelled("as wished");
    }
}
