package dev.muster.worker.payments;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.stripe.exception.ApiConnectionException;
import com.stripe.net.HttpClient;
import com.stripe.net.HttpHeaders;
import com.stripe.net.StripeRequest;
import com.stripe.net.StripeResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;

/**
 * Sends the library's requests as its own transport does, by the JDK's connections, but for this: an answer without a body is
 * one, where the library's fails with a NullPointerException; a redirect is not followed, since it is no answer to a payment;
 * and what the library says of itself is composed once, not for each request. Thread-safe.
 */
final class StripeTransport extends HttpClient {
    /** No answer that says something about a payment is as long: what is longer is cut, and can't be read then. */
    private static final int LONGEST = 8 << 20;

    private final String client = buildXStripeClientUserAgentString();

    @Override
    public StripeResponse request(StripeRequest request) throws ApiConnectionException {
        try {
            HttpURLConnection connection = (HttpURLConnection) request.url().openConnection();
            connection.setConnectTimeout(request.options().getConnectTimeout());
            connection.setReadTimeout(request.options().getReadTimeout());
            connection.setUseCaches(false);
            connection.setInstanceFollowRedirects(false);
            connection.setRequestMethod(request.method().name());
            request.headers()
                    .map()
                    .forEach((name, values) -> connection.setRequestProperty(name, String.join(",", values)));
            connection.setRequestProperty("User-Agent", buildUserAgentString(request));
            connection.setRequestProperty("X-Stripe-Client-User-Agent", client);
            if (request.content() != null) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", request.content().contentType());
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(request.content().byteArrayContent());
                }
            }
            int status = connection.getResponseCode();
            return new StripeResponse(status, HttpHeaders.of(connection.getHeaderFields()), body(connection, status));
        } catch (IOException e) {
            throw new ApiConnectionException("no answer from " + request.url() + ": " + e.getMessage(), e);
        }
    }

    /** The JDK has no stream for an error without a body. */
    private static String body(HttpURLConnection connection, int status) throws IOException {
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return body == null ? "" : new String(body.readNBytes(LONGEST), UTF_8);
        }
    }
}
