package dev.muster.bench.handler;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;

/** Does nothing: what is left is what Muster costs. Thread-safe. */
public final class NoopHandler implements JobHandler<Order> {
    public static final String TYPE = "bench.noop";

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public Class<Order> payloadType() {
        return Order.class;
    }

    @Override
    public JobResult run(Order order, JobContext context) {
        return JobResult.succeeded();
    }

    @Override
    public boolean strictOrder() {
        return false;
    }
}
