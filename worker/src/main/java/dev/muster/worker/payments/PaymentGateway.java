package dev.muster.worker.payments;

import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.StripeException;
import dev.muster.job.CallUnderWayException;
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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import tools.jackson.databind.JsonNode;

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

    private static final String PAYMENT_INTENTS = "/v1/payment_intents";
    private static final String CHARGE = "charge";
    private static final String HEALTH = "health";
    private static final String JOB_ID = "job_id";
    private static final Duration PARKED = Duration.ofSeconds(2);
    /**
     * So long a key is sure to be remembered. Source: Stripe API, "Idempotent requests": keys may be removed once they
     * are at least 24 hours old.
     */
    private static final Duration KEY_TRUSTED = Duration.ofHours(20);

    private static final int BAD_REQUEST = 400;
    private static final int DECLINED = 402;
    private static final int NOT_FOUND = 404;
    private static final int BUSY = 409;
    private static final int TOO_MANY = 429;
    private static final int BROKEN = 500;

    private final StripeApi stripe;
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
        this.stripe = new StripeApi(baseUrl, apiKey, timeout);
        this.circuits = CircuitBreakerRegistry.of(circuitConfig(checked));
        this.circuit = circuits.circuitBreaker(CIRCUIT);
        this.meters = meters;
        this.clock = clock;
        this.checked = checked;
    }

    /** Goes the way of a call but for the call itself, so that the first one is as quick as the next. */
    void prepare() throws StripeException {
        stripe.prepare(parameters(new PaymentCharge(1, "eur", "cus_0", "pm_0"), JobId.of("muster", "prepare")));
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
            count(CHARGE, "circuit_open");
            throw new ParkedException("the circuit to the payment provider is open", PARKED);
        }
        calls.increment();
        long started = circuit.getCurrentTimestamp();
        try {
            Optional<PaymentAnswer> before = unansweredSince.isPresent()
                            && unansweredSince.get().isBefore(clock.now().minus(KEY_TRUSTED))
                    ? reconcile(payment, job)
                    : Optional.empty();
            PaymentAnswer answer = before.isPresent()
                    ? before.get()
                    : create(payment, job, idempotencyKey, unansweredSince.isPresent());
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
            StripeApi.Answer answer = stripe.get("/v1/balance", Map.of());
            count(HEALTH, word(answer));
            return answer.status() < 500 && answer.status() != TOO_MANY && answer.isProviders();
        } catch (ApiConnectionException e) {
            count(HEALTH, "connect_error");
            return false;
        } catch (StripeException | RuntimeException e) { // whatever it is, no reason to break down
            count(HEALTH, "unreadable");
            return false;
        }
    }

    /** @param before true if it was tried before without an answer */
    private PaymentAnswer create(PaymentCharge payment, JobId job, String idempotencyKey, boolean before)
            throws StripeException {
        StripeApi.Answer answer;
        try {
            answer = stripe.post(PAYMENT_INTENTS, parameters(payment, job), idempotencyKey);
        } catch (ApiConnectionException e) {
            count(CHARGE, "connect_error");
            throw e;
        }
        count(CHARGE, word(answer));
        return answer.isSuccess() ? answer(answer.json()) : refused(answer, payment, job, before);
    }

    private PaymentAnswer refused(StripeApi.Answer answer, PaymentCharge payment, JobId job, boolean before)
            throws StripeException {
        if (answer.status() != BROKEN && !answer.isProviders()) {
            throw answer.asException(); // not the provider's word, such as the 404 of a proxy that is just being set up
        }
        return switch (answer.status()) {
            case DECLINED -> new PaymentAnswer.Declined(code(answer));
            case BUSY -> throw busy(answer);
            case TOO_MANY -> throw new RateLimitedException(retryAfter(answer));
            case BAD_REQUEST, NOT_FOUND -> wrong(answer, payment, job, before);
            // The stored 500 would be replayed for ever; whether the money was taken, only the provider's books say.
            case BROKEN -> reconcile(payment, job).orElseThrow(answer::asException);
            default -> throw answer.asException();
        };
    }

    /** Of the conflicts that there are, one says that nobody knows yet; the others are errors like any. */
    private static StripeException busy(StripeApi.Answer answer) {
        if (answer.error("code").filter("idempotency_key_in_use"::equals).isPresent()) {
            throw new CallUnderWayException("an earlier call is still under way");
        }
        return answer.asException();
    }

    /** Refused, unless an earlier call was paid, under the same key with what an earlier version of this code asked for. */
    private PaymentAnswer wrong(StripeApi.Answer answer, PaymentCharge payment, JobId job, boolean before)
            throws StripeException {
        boolean used = answer.error("type").filter("idempotency_error"::equals).isPresent();
        PaymentAnswer refused = new PaymentAnswer.Refused(
                used
                        ? "the idempotency key was used for another request"
                        : "the provider refuses the request: " + code(answer));
        return used || before ? reconcile(payment, job).orElse(refused) : refused;
    }

    private static Map<String, String> parameters(PaymentCharge payment, JobId job) {
        Map<String, String> form = new LinkedHashMap<>();
        form.put("amount", Long.toString(payment.amount()));
        form.put("currency", payment.currency().toLowerCase(Locale.ROOT));
        form.put("customer", payment.customer());
        form.put("payment_method", payment.paymentMethod());
        form.put("confirm", "true");
        form.put("metadata[" + JOB_ID + "]", job.toString());
        return form;
    }

    /** Looks in the provider's books for this job's payment. */
    private Optional<PaymentAnswer> reconcile(PaymentCharge payment, JobId job) throws StripeException {
        Map<String, String> query = new LinkedHashMap<>(Map.of("customer", payment.customer(), "limit", "100"));
        Set<String> seen = new HashSet<>();
        boolean more = true;
        while (more) {
            StripeApi.Answer page = stripe.get(PAYMENT_INTENTS, query);
            if (!page.isSuccess()) {
                throw page.asException();
            }
            JsonNode list = page.json();
            JsonNode intents = list.path("data");
            JsonNode hasMore = list.path("has_more");
            more = hasMore.asBoolean(false);
            String last = "";
            for (JsonNode intent : intents) {
                if (job.toString().equals(intent.path("metadata").path(JOB_ID).stringValue(""))) {
                    count("reconcile", "2xx");
                    return Optional.of(answer(intent));
                }
                last = intent.path("id").stringValue("");
            }
            if (!intents.isArray() || !hasMore.isBoolean() || (more && (last.isEmpty() || !seen.add(last)))) {
                throw page.asException(); // no book at all: that it does not hold the payment says nothing
            }
            query.put("starting_after", last);
        }
        return Optional.empty();
    }

    private static PaymentAnswer answer(JsonNode intent) {
        String id = intent.path("id").stringValue("");
        if (!intent.path("object").stringValue("").equals("payment_intent") || id.isEmpty()) {
            throw new IllegalStateException("the provider's answer is no payment intent");
        }
        String status = intent.path("status").stringValue("");
        return switch (status) {
            case "succeeded" -> new PaymentAnswer.Charged(id);
            case "canceled", "requires_payment_method", "requires_action" -> new PaymentAnswer.Declined(status);
            // Not an answer yet: the step stays open, and the same request asks again.
            default -> throw new IllegalStateException("the payment's status is '" + status + "'");
        };
    }

    private static String code(StripeApi.Answer answer) {
        return answer.error("decline_code").or(() -> answer.error("code")).orElse("declined");
    }

    private static Optional<Duration> retryAfter(StripeApi.Answer answer) {
        return answer.retryAfter()
                .filter(value -> value.matches("[0-9]{1,4}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)));
    }

    /** An answer as the metrics name it. */
    private static String word(StripeApi.Answer answer) {
        int status = answer.status();
        if (status < 500 && !answer.isProviders()) {
            return "unreadable";
        }
        return switch (status) {
            case DECLINED, BUSY, TOO_MANY -> Integer.toString(status);
            default -> status < 300 ? "2xx" : status < 500 ? "other_4xx" : "5xx";
        };
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
