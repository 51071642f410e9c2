package dev.muster.embedded.sandbox;

import com.stripe.StripeClient;
import com.stripe.net.RequestOptions;
import com.stripe.param.PaymentIntentCreateParams;
import java.net.URI;

/** What the sandbox's tests ask for, through Stripe's own client. */
final class StripeClients {
    private StripeClients() {}

    static StripeClient at(URI url) {
        return StripeClient.builder()
                .setApiKey("sk_test_sandbox")
                .setApiBase(url.toString())
                .setMaxNetworkRetries(0)
                .setReadTimeout(5_000)
                .build();
    }

    static PaymentIntentCreateParams payment(String jobId, long amount, String method) {
        return PaymentIntentCreateParams.builder()
                .setAmount(amount)
                .setCurrency("usd")
                .setCustomer("cus_1")
                .setPaymentMethod(method)
                .setConfirm(true)
                .putMetadata("job_id", jobId)
                .build();
    }

    static RequestOptions key(String key) {
        return RequestOptions.builder().setIdempotencyKey(key).build();
    }
}
