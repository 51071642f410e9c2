package dev.muster.embedded.sandbox;

import com.sun.net.httpserver.HttpExchange;
import dev.muster.embedded.sandbox.FaultPlan.Kind;
import dev.muster.embedded.sandbox.FaultPlan.Outage;
import dev.muster.embedded.sandbox.IdempotencyStore.Claim;
import dev.muster.embedded.sandbox.Ledger.KeyUse;
import dev.muster.embedded.sandbox.Ledger.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Stripe's API below {@code /v1}: routes a request, holds it to its idempotency key, and lets the faults at it.
 *
 * <p>Thread-safety: thread-safe.
 */
final class StripeApi {
    private static final int MAX_KEY = 255;

    private final Ledger ledger;
    private final IdempotencyStore idempotency;
    private final Payments payments;
    private final Faults faults;
    private final CountDownLatch closed;

    StripeApi(Ledger ledger, IdempotencyStore idempotency, Payments payments, Faults faults, CountDownLatch closed) {
        this.ledger = ledger;
        this.idempotency = idempotency;
        this.payments = payments;
        this.faults = faults;
        this.closed = closed;
    }

    void handle(HttpExchange exchange) throws IOException, InterruptedException {
        Request request = Request.read(exchange);
        exchange.getResponseHeaders().set("Request-Id", "req_" + UUID.randomUUID());
        switch (faults.plan().outage()) {
            case Outage.NONE -> {}
            case Outage.UNAVAILABLE -> throw StripeError.unavailable();
            case Outage.REFUSE -> {
                return;
            }
        }
        if (!Http.header(exchange, "Authorization").startsWith("Bearer ")) {
            throw StripeError.unauthorized();
        }
        switch (request.method()) {
            case "GET" -> {
                pause(faults.latencyMillis());
                Supplier<Answer> query = query(request);
                Http.answer(exchange, ledger.read(query));
            }
            case "POST" -> change(exchange, request);
            default -> throw StripeError.missing("route", request.method() + " " + request.path());
        }
    }

    private void change(HttpExchange exchange, Request request) throws IOException, InterruptedException {
        Supplier<Outcome> command = command(request);
        Optional<Kind> fault =
                faults.forRequest(request.form().text("payment_method").orElse(""), request.key());
        if (fault.equals(Optional.of(Kind.RATE_LIMIT))) {
            exchange.getResponseHeaders()
                    .set("Retry-After", Integer.toString(faults.plan().retryAfterSeconds()));
            throw StripeError.rateLimited();
        }
        if (request.key().isEmpty()) {
            execute(exchange, command, Optional.empty(), fault);
            return;
        }
        KeyUse key = new KeyUse(request.key(), request.fingerprint());
        switch (idempotency.claim(key.value(), key.fingerprint())) {
            case Claim.Mine() -> {
                try {
                    execute(exchange, command, Optional.of(key), fault);
                } finally {
                    idempotency.release(key.value());
                }
            }
            case Claim.Replay(Answer answer) -> {
                pause(faults.latencyMillis());
                exchange.getResponseHeaders().set("Idempotent-Replayed", "true");
                Http.answer(exchange, answer);
            }
            case Claim.InUse() -> throw StripeError.keyInUse(key.value());
            case Claim.OtherParameters() -> throw StripeError.keyReused(key.value());
        }
    }

    /** Returning without an answer closes the connection. */
    private void execute(HttpExchange exchange, Supplier<Outcome> command, Optional<KeyUse> key, Optional<Kind> fault)
            throws IOException, InterruptedException {
        pause(faults.latencyMillis());
        Kind kind = fault.orElse(null);
        if (kind == Kind.RESET_BEFORE) {
            return;
        }
        if (kind == Kind.HANG) {
            pause(TimeUnit.SECONDS.toMillis(faults.plan().hangSeconds()));
            return;
        }
        Answer answer = ledger.execute(command, key, kind == Kind.ERROR_AFTER_COMMIT);
        if (kind == Kind.RESET_AFTER) {
            return;
        }
        if (kind == Kind.HANG_AFTER) {
            pause(TimeUnit.SECONDS.toMillis(faults.plan().hangSeconds()));
            return;
        }
        Http.answer(exchange, answer);
    }

    private Supplier<Outcome> command(Request request) {
        List<String> path = request.segments();
        if (path.equals(List.of("payment_intents"))) {
            return () -> payments.create(request.form(), request.key());
        }
        if (path.equals(List.of("refunds"))) {
            return () -> payments.refund(request.form());
        }
        if (path.size() == 3 && path.getFirst().equals("payment_intents")) {
            String id = path.get(1);
            switch (path.getLast()) {
                case "confirm" -> {
                    return () -> payments.confirm(id, request.form(), request.key());
                }
                case "capture" -> {
                    return () -> payments.capture(id, request.form());
                }
                case "cancel" -> {
                    return () -> payments.cancel(id);
                }
                default -> {}
            }
        }
        throw StripeError.missing("route", "POST " + request.path());
    }

    private Supplier<Answer> query(Request request) {
        List<String> path = request.segments();
        boolean list = path.size() == 1;
        String id = path.getLast();
        if (path.size() <= 2) {
            switch (path.getFirst()) {
                case "payment_intents" -> {
                    return () -> list ? payments.listIntents(request.form()) : payments.getIntent(id);
                }
                case "charges" -> {
                    return () -> list ? payments.listCharges(request.form()) : payments.getCharge(id);
                }
                case "refunds" -> {
                    return () -> payments.getRefund(id);
                }
                case "balance" -> {
                    return () -> Answer.ok(StripeJson.balance());
                }
                default -> {}
            }
        }
        throw StripeError.missing("route", "GET " + request.path());
    }

    /** Waits, unless the sandbox closes meanwhile. */
    private void pause(long millis) throws InterruptedException {
        if (millis > 0 && closed.await(millis, TimeUnit.MILLISECONDS)) {
            throw new InterruptedException("the sandbox is closing");
        }
    }

    /**
     * One request to the API.
     *
     * @param path from {@code /v1/} on
     * @param form its body, or its query for a GET
     * @param key its idempotency key, or empty
     */
    private record Request(String method, String path, Form form, String key) {

        static Request read(HttpExchange exchange) throws IOException {
            String method = exchange.getRequestMethod();
            String query = exchange.getRequestURI().getRawQuery();
            Form form = Form.parse(method.equals("POST") ? Http.body(exchange) : query == null ? "" : query);
            String key = Http.header(exchange, "Idempotency-Key");
            if (key.length() > MAX_KEY) {
                throw StripeError.invalid("", "Idempotency-Key", "Keys are at most " + MAX_KEY + " characters long.");
            }
            return new Request(method, exchange.getRequestURI().getPath(), form, key);
        }

        List<String> segments() {
            return List.of(path.substring("/v1/".length()).split("/", -1));
        }

        String fingerprint() {
            return path + " " + form.values();
        }
    }
}
