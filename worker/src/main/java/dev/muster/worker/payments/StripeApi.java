package dev.muster.worker.payments;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.ApiException;
import com.stripe.exception.StripeException;
import com.stripe.net.ApiMode;
import com.stripe.net.ApiResource.RequestMethod;
import com.stripe.net.RequestOptions;
import com.stripe.net.StripeRequest;
import com.stripe.net.StripeResponse;
import dev.muster.protocol.Json;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Stripe's API as requests and answers: by the client library's requests, past its models. To build the adapters of
 * those by reflection, of a payment intent with all that can be in one, takes 0.15 s of processor time in each new worker
 * (measured), an eighth of its start, at the very moment when jobs wait for it; and Muster reads three fields. Thread-safe.
 *
 * <p>Source: Stripe API, "Errors" and "Pagination".
 */
final class StripeApi {
    private final StripeTransport transport = new StripeTransport();
    private final String baseUrl;
    private final String apiKey;
    private final int connectMillis;
    private final int readMillis;

    StripeApi(String baseUrl, String apiKey, Duration timeout) {
        // Our own retries carry on after a crash too; those of the JDK, which repeats a POST by itself when a kept
        // connection breaks, would hide calls from the breaker.
        System.setProperty("sun.net.http.retryPost", "false");
        // It keeps five idle connections by itself, and every call beyond them would begin with a new one.
        System.setProperty("http.maxConnections", "256");
        this.baseUrl = baseUrl;
        this.apiKey = apiKey;
        this.connectMillis = (int) Math.min(timeout.toMillis(), 2_000);
        this.readMillis = (int) timeout.toMillis();
    }

    /**
     * What was answered, whatever it is.
     *
     * @param said the JSON object that it says; empty if it says something else, or nothing
     * @param retryAfter when the same may be asked again, in seconds, if it says so
     */
    record Answer(
            int status,
            Optional<JsonNode> said,
            Optional<String> retryAfter,
            @Nullable String requestId) {
        private static final Set<String> ERROR_TYPES = Set.of(
                "api_error",
                "authentication_error",
                "card_error",
                "idempotency_error",
                "invalid_request_error",
                "rate_limit_error");

        boolean isSuccess() {
            return status >= 200 && status < 300;
        }

        /** True if it is the provider's own word, and not that of something between us, which knows nothing of the call. */
        boolean isProviders() {
            return isSuccess() ? said.isPresent() : isError();
        }

        /** True if it is an error of the provider's own. */
        boolean isError() {
            return error("type").filter(ERROR_TYPES::contains).isPresent();
        }

        /**
         * What it says.
         *
         * @throws ApiException if that is no object
         */
        JsonNode json() throws ApiException {
            return said.orElseThrow(() ->
                    new ApiException("the provider's answer can't be read: " + status, requestId, null, status, null));
        }

        /** A field of the error that it tells of; empty where there is none. */
        Optional<String> error(String field) {
            return said.flatMap(json -> json.path("error").path(field).stringValueOpt());
        }

        /** As an exception: what it leaves open, a repetition has to find out. */
        ApiException asException() {
            String message = error("message").map(text -> ": " + text).orElse("");
            return new ApiException(
                    "the provider answered " + status + message,
                    requestId,
                    error("code").orElse(null),
                    status,
                    null);
        }
    }

    /** Builds what a call is made of, and reads an answer. */
    void prepare(Map<String, String> form) throws StripeException {
        var _ = request("/", form, "prepare");
        var _ = read("{}");
    }

    /**
     * Sends a form.
     *
     * @throws ApiConnectionException if there is no answer, so that nobody knows what was done
     */
    Answer post(String path, Map<String, String> form, String idempotencyKey) throws StripeException {
        return send(request(path, form, idempotencyKey));
    }

    /**
     * Asks.
     *
     * @throws ApiConnectionException if there is no answer
     */
    Answer get(String path, Map<String, String> query) throws StripeException {
        String url = baseUrl + path + (query.isEmpty() ? "" : "?" + encode(query));
        return send(StripeRequest.create(RequestMethod.GET, url, null, options().build(), ApiMode.V1));
    }

    private StripeRequest request(String path, Map<String, String> form, String idempotencyKey) throws StripeException {
        RequestOptions options = options().setIdempotencyKey(idempotencyKey).build();
        return StripeRequest.createWithStringContent(
                RequestMethod.POST, baseUrl + path, encode(form), options, ApiMode.V1);
    }

    private Answer send(StripeRequest request) throws ApiConnectionException {
        StripeResponse response = transport.request(request);
        return new Answer(
                response.code(),
                read(response.body()),
                response.headers().firstValue("Retry-After"),
                response.requestId());
    }

    private static Optional<JsonNode> read(String body) {
        try {
            return Optional.of(Json.MAPPER.readTree(body)).filter(JsonNode::isObject);
        } catch (JacksonException e) {
            return Optional.empty(); // such as a page of something between us and the provider
        }
    }

    private RequestOptions.RequestOptionsBuilder options() {
        return RequestOptions.builder()
                .setApiKey(apiKey)
                .setConnectTimeout(connectMillis)
                .setReadTimeout(readMillis);
    }

    private static String encode(Map<String, String> form) {
        return form.entrySet().stream()
                .map(entry ->
                        URLEncoder.encode(entry.getKey(), UTF_8) + '=' + URLEncoder.encode(entry.getValue(), UTF_8))
                .collect(Collectors.joining("&"));
    }
}
