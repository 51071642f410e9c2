package dev.muster.bench.handler;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;

/** Fails the first run of one job in a hundred, which is then tried again. Thread-safe. */
public final class FailingHandler implements JobHandler<Order> {
    public static final String TYPE = "bench.failing";

    private static final int ONE_IN = 100;

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
        if (order.number() % ONE_IN == 0 && context.failures() == 0) {
            throw new IllegalStateException("one in a hundred fails once");
        }
        return JobResult.succeeded();
    }
}
