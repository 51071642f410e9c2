package dev.muster.worker.payments;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.job.RetryPolicy;
import java.time.Duration;

/** Charges a payment method, once, whatever happens to the worker meanwhile. Thread-safe. */
public final class PaymentChargeHandler implements JobHandler<PaymentCharge> {
    /** The job type. */
    public static final String TYPE = "payment.charge";

    private static final String CHARGE = "charge";

    private final PaymentGateway gateway;

    public PaymentChargeHandler(PaymentGateway gateway) {
        this.gateway = gateway;
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public Class<PaymentCharge> payloadType() {
        return PaymentCharge.class;
    }

    @Override
    public String dependency() {
        return PaymentGateway.CIRCUIT;
    }

    @Override
    public void prepare() throws Exception {
        gateway.prepare();
    }

    @Override
    public RetryPolicy retryPolicy() {
        return new RetryPolicy(10, Duration.ofMillis(500), Duration.ofMinutes(2));
    }

    @Override
    public JobResult run(PaymentCharge payment, JobContext context) throws Exception {
        PaymentAnswer answer;
        try {
            answer = context.effect(
                    CHARGE, key -> gateway.charge(payment, context.jobId(), key, context.unansweredSince(CHARGE)));
        } catch (RateLimitedException e) {
            return new JobResult.Retry("the provider limits our rate", e.after());
        }
        return switch (answer) {
            case PaymentAnswer.Charged(String id) -> new JobResult.Succeeded(id);
            case PaymentAnswer.Declined(String code) -> new JobResult.Declined(code);
            case PaymentAnswer.Refused(String why) -> new JobResult.Fail(why);
        };
    }
}
