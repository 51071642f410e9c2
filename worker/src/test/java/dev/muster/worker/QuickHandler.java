package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.Optional;

/** Over at once, as often as its payload says without success, with a call where it says so; the next of its key may begin early. */
final class QuickHandler implements JobHandler<QuickHandler.Quick> {
    record Quick(int failures, boolean call) {}

    @Override
    public String type() {
        return "test.quick";
    }

    @Override
    public Class<Quick> payloadType() {
        return Quick.class;
    }

    @Override
    public boolean strictOrder() {
        return false;
    }

    @Override
    public JobResult run(Quick quick, JobContext context) throws Exception {
        if (context.failures() < quick.failures()) {
            return new JobResult.Retry("as its payload says", Optional.of(Duration.ofMillis(300)));
        }
        if (quick.call()) {
            context.effect("call", key -> "answered");
        }
        return JobResult.succeeded();
    }
}
