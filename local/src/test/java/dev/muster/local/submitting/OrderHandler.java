package dev.muster.local.submitting;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.job.NewJob;
import java.time.Duration;

/** Submits a receipt with its outcome, after as many failures and as long as asked for. */
public final class OrderHandler implements JobHandler<OrderHandler.Order> {
    /**
     * What is ordered.
     *
     * @param failures so many runs fail before
     * @param snoozes so many runs are put off before
     */
    public record Order(String text, int failures, int snoozes) {}

    @Override
    public String type() {
        return "test.order";
    }

    @Override
    public Class<Order> payloadType() {
        return Order.class;
    }

    @Override
    public JobResult run(Order order, JobContext context) {
        context.submit("receipt", context.queue(), NewJob.of("test.echo", new EchoHandler.Text(order.text(), 0)));
        if (context.failures() < order.failures()) {
            return new JobResult.Retry("not yet", java.util.Optional.of(Duration.ZERO));
        }
        if (context.attempt() - context.failures() <= order.snoozes()) {
            return new JobResult.Snooze("later", Duration.ofMillis(300));
        }
        return JobResult.succeeded("ordered");
    }
}
