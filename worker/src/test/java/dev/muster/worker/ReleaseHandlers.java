package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;

/** Handlers as a user's jar brings them, in two releases: in a worker with {@code TEST_RELEASE} the second one. */
final class ReleaseHandlers {
    static final Map<String, String> SECOND = Map.of("TEST_RELEASE", "2");

    private ReleaseHandlers() {}

    static boolean isSecond() {
        return System.getenv("TEST_RELEASE") != null;
    }

    /** Charges, and breaks after that in the first release. */
    public static final class Buggy implements JobHandler<Buggy.Order> {
        private final HttpClient http = HttpClient.newHttpClient();

        record Order(int amount) {}

        @Override
        public String type() {
            return "test.buggy";
        }

        @Override
        public Class<Order> payloadType() {
            return Order.class;
        }

        @Override
        public JobResult run(Order order, JobContext context) throws Exception {
            int status = context.effect("charge", key -> charge(order, context, key));
            if (!isSecond()) {
                throw new IllegalStateException("no receipt for order of " + order.amount() + " with status " + status);
            }
            return JobResult.succeeded();
        }

        private int charge(Order order, JobContext context, String key) throws IOException, InterruptedException {
            String form = "currency=eur&customer=cus_1&payment_method=pm_card_visa&confirm=true&amount="
                    + order.amount() + "&metadata[job_id]=" + context.jobId();
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create(System.getenv("MUSTER_PAYMENTS_URL")).resolve("/v1/payment_intents"))
                    .header("Authorization", "Bearer sk_test_release")
                    .header("Idempotency-Key", key)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form))
                    .build();
            int status =
                    http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            if (status != 200) {
                throw new IOException("the provider answered " + status);
            }
            return status;
        }
    }

    /** A type that only the second release has. */
    public static final class Added implements JobHandler<Added.Nothing> {
        record Nothing() {}

        @Override
        public String type() {
            return isSecond() ? "test.added" : "test.not.yet";
        }

        @Override
        public Class<Nothing> payloadType() {
            return Nothing.class;
        }

        @Override
        public JobResult run(Nothing nothing, JobContext context) {
            return JobResult.succeeded();
        }
    }
}
