package dev.muster.bench.handler;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits as long as its order's amount says, in ms, as a call to a service outside would. Thread-safe. */
public final class WaitHandler implements JobHandler<Order> {
    public static final String TYPE = "bench.wait";

    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public Class<Order> payloadType() {
        return Order.class;
    }

    @Override
    public JobResult run(Order order, JobContext context) throws InterruptedException {
        boolean _ = never.await(order.amount(), TimeUnit.MILLISECONDS);
        return JobResult.succeeded();
    }
}
