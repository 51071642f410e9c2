package dev.muster.embedded.sandbox;

/**
 * What a request was answered.
 *
 * @param status the HTTP status
 * @param body JSON
 */
record Answer(int status, String body) {

    static Answer ok(Object json) {
        return new Answer(200, StripeJson.write(json));
    }

    /** Stripe's own fault, told after the work was done. */
    static Answer internalError() {
        return new Answer(
                500,
                "{\"error\":{\"type\":\"api_error\",\"message\":\"The sandbox is told to fail after the commit.\"}}");
    }
}
