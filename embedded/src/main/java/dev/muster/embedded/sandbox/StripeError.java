package dev.muster.embedded.sandbox;

import java.util.LinkedHashMap;
import java.util.Map;

/** A refusal in Stripe's form that nothing is stored for: the request changed nothing and may be sent again. */
final class StripeError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String body;

    private StripeError(int status, Map<String, Object> error) {
        super(String.valueOf(error.get("message")));
        this.status = status;
        this.body = StripeJson.write(Map.of("error", error));
    }

    int status() {
        return status;
    }

    String body() {
        return body;
    }

    static StripeError invalid(String code, String parameter, String message) {
        return new StripeError(400, error("invalid_request_error", code, parameter, message));
    }

    static StripeError unexpectedState(PaymentIntent intent, String verb) {
        return invalid(
                "payment_intent_unexpected_state",
                "intent",
                "You cannot " + verb + " this PaymentIntent because it has a status of " + intent.status() + ".");
    }

    static StripeError missing(String what, String id) {
        return new StripeError(
                404, error("invalid_request_error", "resource_missing", "id", "No such " + what + ": '" + id + "'"));
    }

    static StripeError unauthorized() {
        return new StripeError(
                401,
                error("invalid_request_error", "", "", "You did not provide an API key in the Authorization header."));
    }

    static StripeError keyReused(String key) {
        return new StripeError(
                400,
                error(
                        "idempotency_error",
                        "",
                        "",
                        "Keys for idempotent requests can only be used with the same parameters they were first used "
                                + "with. Try using a key other than '" + key + "'."));
    }

    static StripeError keyInUse(String key) {
        return new StripeError(
                409,
                error(
                        "invalid_request_error",
                        "idempotency_key_in_use",
                        "",
                        "There is currently another in-progress request using this Idempotency-Key '" + key + "'."));
    }

    static StripeError rateLimited() {
        return new StripeError(
                429, error("invalid_request_error", "rate_limit", "", "Too many requests hit the API too quickly."));
    }

    static StripeError unavailable() {
        return new StripeError(503, error("api_error", "", "", "The sandbox is told to be unavailable."));
    }

    static StripeError tooLarge(int limit) {
        return new StripeError(
                413, error("invalid_request_error", "", "", "The body is larger than " + limit + " bytes."));
    }

    private static Map<String, Object> error(String type, String code, String parameter, String message) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("type", type);
        if (!code.isEmpty()) {
            error.put("code", code);
        }
        if (!parameter.isEmpty()) {
            error.put("param", parameter);
        }
        error.put("message", message);
        return error;
    }
}
