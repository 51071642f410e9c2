package dev.muster.embedded.sandbox;

import java.util.Map;

/**
 * One payment a customer was asked for. Empty strings stand for what is not known yet.
 *
 * @param id {@code pi_...}
 * @param created seconds since 1970
 * @param terms what was asked for; never changes but for the payment method
 * @param status where it stands, in Stripe's words
 * @param latestCharge the id of its last charge, or empty
 * @param capturable minor units held and not yet captured
 * @param received minor units captured
 */
record PaymentIntent(
        String id, long created, Terms terms, String status, String latestCharge, long capturable, long received) {
    static final String REQUIRES_PAYMENT_METHOD = "requires_payment_method";
    static final String REQUIRES_CONFIRMATION = "requires_confirmation";
    static final String REQUIRES_CAPTURE = "requires_capture";
    static final String SUCCEEDED = "succeeded";
    static final String CANCELED = "canceled";

    PaymentIntent withPaymentMethod(String method) {
        Terms changed = new Terms(
                terms.amount(), terms.currency(), terms.customer(), method, terms.captureMethod(), terms.metadata());
        return new PaymentIntent(id, created, changed, status, latestCharge, capturable, received);
    }

    PaymentIntent declined(Charge charge) {
        return new PaymentIntent(id, created, terms, REQUIRES_PAYMENT_METHOD, charge.id(), 0, 0);
    }

    PaymentIntent held(Charge charge) {
        return new PaymentIntent(id, created, terms, REQUIRES_CAPTURE, charge.id(), charge.amount(), 0);
    }

    PaymentIntent paid(Charge charge) {
        return new PaymentIntent(id, created, terms, SUCCEEDED, charge.id(), 0, charge.captured());
    }

    PaymentIntent canceled() {
        return new PaymentIntent(id, created, terms, CANCELED, latestCharge, 0, 0);
    }

    boolean manual() {
        return "manual".equals(terms.captureMethod());
    }

    /**
     * What was asked for.
     *
     * @param amount minor units
     * @param currency lower-case ISO code
     * @param captureMethod {@code automatic} or {@code manual}
     */
    record Terms(
            long amount,
            String currency,
            String customer,
            String paymentMethod,
            String captureMethod,
            Map<String, String> metadata) {
        Terms {
            metadata = Map.copyOf(metadata);
        }
    }
}
