package dev.muster.worker.payments;

import com.stripe.StripeClient;
import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.CardException;
import com.stripe.exception.IdempotencyException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.RateLimitException;
import com.stripe.exception.StripeException;
import com.stripe.model.PaymentIntent;
import com.stripe.net.ApiMode;
import com.stripe.net.RequestOptions;
import com.stripe.param.PaymentIntentCreateParams;
import com.stripe.param.PaymentIntentListParams;
import dev.muster.job.JobId;
import dev.muster.job.ParkedException;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * The payment provider behind a circuit breaker. A call is made under the idempotency key that it is given; what the
 * provider says for certain is a {@link PaymentAnswer}, anything else an exception, after which the call is repeated
 * under the same key. Thread-safe.
 *
 * <p>Source: Stripe API, "Idempotent requests": the first answer to a key is stored, errors with status 500 included,
 * and replayed; so after a 500 the payment is looked up instead.
 */
public final class PaymentGateway {
    /** The circuit's name. */
    public static final String CIRCUIT = "payments";

    /** How long an open circuit stays so, at least. */
    static final Duration OPEN = Duration.ofSeconds(2);

    private static final String HEALTH = "health";
    private static final String JOB_ID = "job_id";
    private static final Duration PARKED = Duration.ofSeconds(2);
    /**
     * So long a key is sure to be remembered. Source: Stripe API, "Idempotent requests": keys may be removed once they
     * are at least 24 hours old.
     */
    private static final Duration KEY_TRUSTED = Duration.ofHours(20);

    private final StripeClient stripe;
    private final CircuitBreakerRegistry circuits;
    private final CircuitBreaker circuit;
    private final MeterRegistry meters;
    private final Ticker clock;
    private final boolean checked;
    private final LongAdder calls = new LongAdder();

    /**
     * A gateway; nothing is sent yet.
     *
     * @param timeout of connecting and of reading an answer, each
     * @param checked true when a {@link HealthCheck} runs: then no job is sent to try an open circuit, the check is
     */
    public PaymentGateway(
            String baseUrl, String apiKey, Duration timeout, boolean checked, MeterRegistry meters, Ticker clock) {
        // Our own retries carry on after a crash too; the client's would hide calls from the breaker. And the JDK
        // would repeat a POST by itself when a kept connection breaks.
        System.setProperty("sun.net.http.retryPost", "false");
        // It keeps five idle connections by itself, and every call beyond them would begin with a new one.
        System.setProperty("http.maxConnections", "256");
        this.stripe = StripeClient.builder()
                .setApiKey(apiKey)
                .setApiBase(baseUrl)
                .setMaxNetworkRetries(0)
                .setConnectTimeout((int) Math.min(timeout.toMillis(), 2_000))
                .setReadTimeout((int) timeout.toMillis())
                .build();
        this.circuits = CircuitBreakerRegistry.of(circuitConfig(checked));
        this.circuit = circuits.circuitBreaker(CIRCUIT);
        this.meters = meters;
        this.clock = clock;
        this.checked = checked;
    }

    /**
     * Lets the client build what it writes requests and reads answers with, hundreds of adapters by reflection. Calls that
     * begin at the same time each build all of it: measured with forty on two cores, the last began a second late.
     */
    void prepare() throws StripeException {
        var _ = params(new PaymentCharge(1, "eur", "cus_0", "pm_0"), JobId.of("muster", "prepare"))
                .toMap();
        var _ = stripe.deserialize(
                "{\"id\":\"pi_0\",\"object\":\"payment_intent\",\"status\":\"succeeded\"}", ApiMode.V1);
    }

    public CircuitBreakerRegistry circuits() {
        return circuits;
    }

    public CircuitBreaker circuit() {
        return circuit;
    }

    /**
     * Charges, or finds out that it was charged before.
     *
     * @param unansweredSince when this was tried before without an answer; the provider forgets a key after a day, so
     *     what is older than that is looked up in its books before anything is sent
     * @throws ParkedException while the circuit is open
     * @throws CallUnderWayException while the provider is busy with an earlier call under this key
     * @throws RateLimitedException when the provider wants fewer requests; for the circuit as bad as an error
     * @throws StripeException when the outcome of the call is not known
     */
    PaymentAnswer charge(PaymentCharge payment, JobId job, String idempotencyKey, Optional<Instant> unansweredSince)
            throws StripeException {
        // After its wait the breaker would let jobs try. Where a health check runs, that tries, and burns no job.
        boolean open = checked && circuit.getState() == CircuitBreaker.State.OPEN;
        if (open || !circuit.tryAcquirePermission()) {
            count("charge", "circuit_open");
            throw new ParkedException("the circuit to the payment provider is open", PARKED);
        }
        calls.increment();
        long started = circuit.getCurrentTimestamp();
        try {
            Optional<PaymentAnswer> before = unansweredSince.isPresent()
                            && unansweredSince.get().isBefore(clock.now().minus(KEY_TRUSTED))
                    ? reconcile(payment, job)
                    : Optional.empty();
            PaymentAnswer answer = before.isPresent() ? before.get() : create(payment, job, idempotencyKey);
            circuit.onResult(circuit.getCurrentTimestamp() - started, circuit.getTimestampUnit(), answer);
            return answer;
        } catch (CallUnderWayException e) {
            circuit.releasePermission(); // it is there, and how it is the earlier call will tell
            throw e;
        } catch (StripeException | RuntimeException e) {
            if (Thread.currentThread().isInterrupted()) {
                circuit.releasePermission(); // we have cut the call off ourselves, which says nothing about the
                // provider
                throw e;
            }
            circuit.onError(circuit.getCurrentTimestamp() - started, circuit.getTimestampUnit(), e);
            throw e;
        }
    }

    /** How many charges were begun. */
    long calls() {
        return calls.sum();
    }

    /**
     * Asks for something that costs nothing and changes nothing. Any answer but a server's error, or that it is asked too
     * often, is a sign of life: a key that may not read the balance gets one too.
     */
    boolean answers() {
        try {
            stripe.v1().balance().retrieve();
            count(HEALTH, "2xx");
            return true;
        } catch (RateLimitException e) {
            count(HEALTH, "429");
            return false;
        } catch (ApiConnectionException e) {
            count(HEALTH, "connect_error");
            return false;
        } catch (StripeException e) {
            boolean refused = e.getStatusCode() != null && e.getStatusCode() < 500;
            count(HEALTH, refused ? "other_4xx" : "5xx");
            return refused;
        } catch (RuntimeException e) { // such as a page in place of an answer: no reason to break down
            count(HEALTH, "unreadable");
            return false;
        }
    }

    private PaymentAnswer create(PaymentCharge payment, JobId job, String idempotencyKey) throws StripeException {
        PaymentIntentCreateParams params = params(payment, job);
        RequestOptions options =
                RequestOptions.builder().setIdempotencyKey(idempotencyKey).build();
        try {
            PaymentIntent intent = stripe.v1().paymentIntents().create(params, options);
            count("charge", "2xx");
            return answer(intent);
        } catch (CardException e) {
            count("charge", "402");
            return new PaymentAnswer.Declined(code(e));
        } catch (RateLimitException e) {
            count("charge", "429");
            throw new RateLimitedException(retryAfter(e));
        } catch (ApiConnectionException e) {
            count("charge", "connect_error");
            throw e;
        } catch (StripeException e) {
            return refused(e, payment, job);
        }
    }

    /** By the status, since the client has no exception of its own for a conflict. */
    private PaymentAnswer refused(StripeException e, PaymentCharge payment, JobId job) throws StripeException {
        int status = e.getStatusCode() == null ? 0 : e.getStatusCode();
        if (status == 409) {
            count("charge", "409");
            throw new CallUnderWayException();
        }
        if (e instanceof IdempotencyException && status == 400) { // with other parameters, which ours never are
            count("charge", "other_4xx");
            return new PaymentAnswer.Refused("the idempotency key was used for another request");
        }
        if (e instanceof InvalidRequestException) {
            count("charge", "other_4xx");
            return new PaymentAnswer.Refused("the provider refuses the request: " + code(e));
        }
        count("charge", "5xx");
        if (status != 500) {
            throw e;
        }
        // The stored 500 would be replayed for ever; whether the money was taken, only the provider's books say.
        return reconcile(payment, job).orElseThrow(() -> e);
    }

    private static PaymentIntentCreateParams params(PaymentCharge payment, JobId job) {
        return PaymentIntentCreateParams.builder()
                .setAmount(payment.amount())
                .setCurrency(payment.currency().toLowerCase(Locale.ROOT))
                .setCustomer(payment.customer())
                .setPaymentMethod(payment.paymentMethod())
                .setConfirm(true)
                .putMetadata(JOB_ID, job.toString())
                .build();
    }

    /** Looks in the provider's books for this job's payment. */
    private Optional<PaymentAnswer> reconcile(PaymentCharge payment, JobId job) throws StripeException {
        PaymentIntentListParams params = PaymentIntentListParams.builder()
                .setCustomer(payment.customer())
                .setLimit(100L)
                .build();
        for (PaymentIntent intent : stripe.v1().paymentIntents().list(params).autoPagingIterable()) {
            Map<String, String> metadata = intent.getMetadata();
            if (metadata != null && job.toString().equals(metadata.get(JOB_ID))) {
                count("reconcile", "2xx");
                return Optional.of(answer(intent));
            }
        }
        return Optional.empty();
    }

    private static PaymentAnswer answer(PaymentIntent intent) {
        return switch (intent.getStatus()) {
            case "succeeded" -> new PaymentAnswer.Charged(intent.getId());
            case "canceled" -> new PaymentAnswer.Declined("canceled");
            case "requires_payment_method" -> new PaymentAnswer.Declined("requires_payment_method");
            case "requires_action" -> new PaymentAnswer.Declined("requires_action");
            // Not an answer yet: the step stays open, and the same request asks again.
            default -> throw new IllegalStateException("the payment is " + intent.getStatus());
        };
    }

    private static String code(StripeException e) {
        if (e instanceof CardException card && card.getDeclineCode() != null) {
            return card.getDeclineCode();
        }
        return e.getCode() == null ? "declined" : e.getCode();
    }

    private static Optional<Duration> retryAfter(StripeException e) {
        if (e.getStripeError() == null || e.getStripeError().getLastResponse() == null) {
            return Optional.empty();
        }
        return e.getStripeError()
                .getLastResponse()
                .headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("[0-9]{1,4}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)));
    }

    private void count(String operation, String outcome) {
        MeterName.PROVIDER_REQUESTS.counter(meters, CIRCUIT, operation, outcome).increment();
    }

    private static CircuitBreakerConfig circuitConfig(boolean checked) {
        return CircuitBreakerConfig.custom()
                .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                .slidingWindowSize(50)
                .minimumNumberOfCalls(20)
                .failureRateThreshold(50)
                .waitDurationInOpenState(OPEN)
                .automaticTransitionFromOpenToHalfOpenEnabled(!checked)
                .permittedNumberOfCallsInHalfOpenState(5)
                .build();
    }
}
