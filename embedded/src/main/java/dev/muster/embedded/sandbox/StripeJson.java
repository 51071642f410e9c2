package dev.muster.embedded.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Renders the sandbox's records in the shapes of Stripe's API, with the fields its clients read. */
final class StripeJson {
    static final JsonMapper MAPPER = JsonMapper.builder().build();

    private StripeJson() {}

    static String write(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /** Of an account that pays out at once, so that there never is anything in it: clients ask to hear that it answers. */
    static Map<String, @Nullable Object> balance() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("object", "balance");
        json.put("available", List.of());
        json.put("livemode", false);
        json.put("pending", List.of());
        return json;
    }

    static Map<String, @Nullable Object> intent(PaymentIntent intent) {
        PaymentIntent.Terms terms = intent.terms();
        Map<String, @Nullable Object> json = head(intent.id(), "payment_intent", intent.created());
        json.put("amount", terms.amount());
        json.put("amount_capturable", intent.capturable());
        json.put("amount_received", intent.received());
        json.put("capture_method", terms.captureMethod());
        json.put("client_secret", intent.id() + "_secret_sandbox");
        json.put("confirmation_method", "automatic");
        json.put("currency", terms.currency());
        json.put("customer", orNull(terms.customer()));
        json.put("latest_charge", orNull(intent.latestCharge()));
        json.put("livemode", false);
        json.put("metadata", terms.metadata());
        json.put("payment_method", orNull(terms.paymentMethod()));
        json.put("payment_method_types", List.of("card"));
        json.put("status", intent.status());
        return json;
    }

    static Map<String, @Nullable Object> charge(Charge charge) {
        PaymentIntent.Terms terms = charge.terms();
        Map<String, @Nullable Object> json = head(charge.id(), "charge", charge.created());
        json.put("amount", charge.amount());
        json.put("amount_captured", charge.captured());
        json.put("amount_refunded", charge.refunded());
        json.put("captured", charge.captured() > 0);
        json.put("currency", terms.currency());
        json.put("customer", orNull(terms.customer()));
        json.put("disputed", false);
        json.put("failure_code", orNull(charge.failureCode()));
        json.put("livemode", false);
        json.put("metadata", terms.metadata());
        json.put("paid", charge.succeeded());
        json.put("payment_intent", charge.intent());
        json.put("payment_method", orNull(terms.paymentMethod()));
        json.put("refunded", charge.succeeded() && charge.refunded() == charge.amount());
        json.put("status", status(charge));
        return json;
    }

    static Map<String, @Nullable Object> refund(Refund refund) {
        Map<String, @Nullable Object> json = head(refund.id(), "refund", refund.created());
        json.put("amount", refund.amount());
        json.put("charge", refund.charge());
        json.put("currency", refund.currency());
        json.put("metadata", refund.metadata());
        json.put("payment_intent", refund.intent());
        json.put("status", "succeeded");
        return json;
    }

    static Map<String, @Nullable Object> decline(Decline decline, Charge charge, PaymentIntent intent) {
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("type", "card_error");
        error.put("code", decline.code());
        error.put("decline_code", decline.declineCode());
        error.put("message", decline.message());
        error.put("charge", charge.id());
        error.put("payment_intent", intent(intent));
        return Map.of("error", error);
    }

    static Map<String, @Nullable Object> list(String url, List<?> data, boolean hasMore) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put("url", url);
        json.put("has_more", hasMore);
        json.put("data", data);
        return json;
    }

    /** One line of the audit: small, so that tens of thousands are one quick call. */
    static Map<String, @Nullable Object> auditLine(Charge charge) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", charge.id());
        json.put("payment_intent", charge.intent());
        json.put("amount", charge.amount());
        json.put("amount_captured", charge.captured());
        json.put("amount_refunded", charge.refunded());
        json.put("currency", charge.terms().currency());
        json.put("status", status(charge));
        json.put("idempotency_key", orNull(charge.idempotencyKey()));
        json.put("job_id", charge.terms().metadata().get("job_id"));
        json.put("created", charge.created());
        return json;
    }

    private static String status(Charge charge) {
        return charge.succeeded() ? "succeeded" : "failed";
    }

    private static Map<String, @Nullable Object> head(String id, String object, long created) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("object", object);
        json.put("created", created);
        return json;
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
