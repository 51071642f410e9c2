package dev.muster.worker;

import dev.muster.job.AfterDead;
import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;

/** Fails for good until the run that its payload names; what follows a dead one in its key has to wait. */
final class StrictHandler implements JobHandler<StrictHandler.Strict> {
    record Strict(int runs) {}

    @Override
    public String type() {
        return "test.strict";
    }

    @Override
    public Class<Strict> payloadType() {
        return Strict.class;
    }

    @Override
    public AfterDead afterDead() {
        return AfterDead.HOLD_KEY;
    }

    @Override
    public JobResult run(Strict strict, JobContext context) {
        return context.attempt() < strict.runs() ? new JobResult.Fail("not yet") : JobResult.succeeded();
    }
}
