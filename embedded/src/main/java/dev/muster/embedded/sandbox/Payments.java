package dev.muster.embedded.sandbox;

import dev.muster.embedded.sandbox.Ledger.Outcome;
import java.time.InstantSource;
import java.util.Currency;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The rules of payments, as Stripe has them: what may follow what, and what is refused. Decides on the ledger's state
 * and returns what changes; the ledger makes it last.
 *
 * <p>Thread-safety: called under the {@link Ledger}'s lock.
 */
final class Payments {
    /** Stripe's bounds for one payment in minor units: 0.50 of most currencies, and eight digits. */
    private static final long MIN_AMOUNT = 50;

    private static final long MAX_AMOUNT = 99_999_999;
    private static final int MAX_PAGE = 100;
    private static final Set<String> CONFIRMABLE =
            Set.of(PaymentIntent.REQUIRES_PAYMENT_METHOD, PaymentIntent.REQUIRES_CONFIRMATION);

    private final Ledger ledger;
    private final InstantSource clock;

    Payments(Ledger ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
    }

    Outcome create(Form form, String key) {
        PaymentIntent.Terms terms = new PaymentIntent.Terms(
                amount(form),
                currency(form.required("currency")),
                form.text("customer").orElse(""),
                paymentMethod(form).orElse(""),
                captureMethod(form.text("capture_method").orElse("automatic")),
                form.metadata());
        String status = terms.paymentMethod().isEmpty()
                ? PaymentIntent.REQUIRES_PAYMENT_METHOD
                : PaymentIntent.REQUIRES_CONFIRMATION;
        PaymentIntent intent = new PaymentIntent(id("pi_"), now(), terms, status, "", 0, 0);
        return form.flag("confirm") ? charge(intent, key) : changed(intent);
    }

    Outcome confirm(String id, Form form, String key) {
        PaymentIntent intent = intent(id);
        if (!CONFIRMABLE.contains(intent.status())) {
            throw StripeError.unexpectedState(intent, "confirm");
        }
        return charge(paymentMethod(form).map(intent::withPaymentMethod).orElse(intent), key);
    }

    Outcome capture(String id, Form form) {
        PaymentIntent intent = intent(id);
        if (!intent.status().equals(PaymentIntent.REQUIRES_CAPTURE)) {
            throw StripeError.unexpectedState(intent, "capture");
        }
        long amount = form.number("amount_to_capture").orElse(intent.capturable());
        if (amount < 1 || amount > intent.capturable()) {
            throw StripeError.invalid(
                    "amount_too_large",
                    "amount_to_capture",
                    "Between 1 and " + intent.capturable() + " can be captured.");
        }
        Charge charge = charge(intent.latestCharge()).capture(amount);
        PaymentIntent paid = intent.paid(charge);
        return new Outcome(Answer.ok(StripeJson.intent(paid)), paid, charge, null);
    }

    Outcome cancel(String id) {
        PaymentIntent intent = intent(id);
        if (intent.status().equals(PaymentIntent.SUCCEEDED) || intent.status().equals(PaymentIntent.CANCELED)) {
            throw StripeError.unexpectedState(intent, "cancel");
        }
        PaymentIntent canceled = intent.canceled();
        boolean held = intent.status().equals(PaymentIntent.REQUIRES_CAPTURE);
        // Giving up a hold shows as a refund of the whole on its charge.
        Charge released =
                held ? charge(intent.latestCharge()).refund(intent.terms().amount()) : null;
        return new Outcome(Answer.ok(StripeJson.intent(canceled)), canceled, released, null);
    }

    Outcome refund(Form form) {
        String chargeId = form.text("charge")
                .orElseGet(() -> intent(form.required("payment_intent")).latestCharge());
        Charge charge = charge(chargeId);
        long left = charge.captured() - charge.refunded();
        if (left <= 0) {
            throw StripeError.invalid(
                    "charge_already_refunded", "charge", "Charge " + chargeId + " has nothing left to refund.");
        }
        long amount = form.number("amount").orElse(left);
        if (amount < 1 || amount > left) {
            throw StripeError.invalid("amount_too_large", "amount", "Between 1 and " + left + " can be refunded.");
        }
        Refund refund = new Refund(
                id("re_"),
                now(),
                charge.id(),
                charge.intent(),
                amount,
                charge.terms().currency(),
                form.metadata());
        return new Outcome(Answer.ok(StripeJson.refund(refund)), null, charge.refund(amount), refund);
    }

    Answer getIntent(String id) {
        return Answer.ok(StripeJson.intent(intent(id)));
    }

    Answer getCharge(String id) {
        return Answer.ok(StripeJson.charge(charge(id)));
    }

    Answer getRefund(String id) {
        return Answer.ok(
                StripeJson.refund(ledger.refunds().find(id).orElseThrow(() -> StripeError.missing("refund", id))));
    }

    Answer listIntents(Form query) {
        return list("/v1/payment_intents", ledger.intents(), query, _ -> true, StripeJson::intent);
    }

    Answer listCharges(Form query) {
        Optional<String> intent = query.text("payment_intent");
        return list(
                "/v1/charges",
                ledger.charges(),
                query,
                charge -> intent.isEmpty() || charge.intent().equals(intent.get()),
                StripeJson::charge);
    }

    private Outcome charge(PaymentIntent intent, String key) {
        String method = intent.terms().paymentMethod();
        if (method.isEmpty()) {
            throw StripeError.invalid(
                    "payment_intent_unexpected_state", "payment_method", "Provide a payment method to confirm with.");
        }
        Optional<Decline> decline = Decline.of(method);
        Charge charge = new Charge(
                id("ch_"),
                now(),
                intent.id(),
                intent.terms(),
                decline.isPresent() || intent.manual() ? 0 : intent.terms().amount(),
                0,
                decline.map(Decline::code).orElse(""),
                key);
        if (decline.isPresent()) {
            PaymentIntent declined = intent.declined(charge);
            Object body = StripeJson.decline(decline.get(), charge, declined);
            return new Outcome(new Answer(402, StripeJson.write(body)), declined, charge, null);
        }
        PaymentIntent next = intent.manual() ? intent.held(charge) : intent.paid(charge);
        return new Outcome(Answer.ok(StripeJson.intent(next)), next, charge, null);
    }

    private static Outcome changed(PaymentIntent intent) {
        return new Outcome(Answer.ok(StripeJson.intent(intent)), intent, null, null);
    }

    private PaymentIntent intent(String id) {
        return ledger.intents().find(id).orElseThrow(() -> StripeError.missing("payment_intent", id));
    }

    private Charge charge(String id) {
        return ledger.charges().find(id).orElseThrow(() -> StripeError.missing("charge", id));
    }

    private static <T> Answer list(
            String url, Shelf<T> shelf, Form query, Predicate<T> matches, Function<T, Map<String, ?>> render) {
        long limit = query.number("limit").orElse(10L);
        if (limit < 1 || limit > MAX_PAGE) {
            throw StripeError.invalid("parameter_invalid", "limit", "limit must be between 1 and 100.");
        }
        Optional<String> after = query.text("starting_after");
        if (after.isPresent() && shelf.find(after.get()).isEmpty()) {
            throw StripeError.invalid("resource_missing", "starting_after", "No such object: " + after.get());
        }
        // One more than asked for tells whether there are more.
        List<T> found = shelf.page(after, (int) limit + 1, matches);
        List<Map<String, ?>> page =
                found.stream().limit(limit).<Map<String, ?>>map(render).toList();
        return Answer.ok(StripeJson.list(url, page, found.size() > limit));
    }

    private static long amount(Form form) {
        form.required("amount");
        long amount = form.number("amount").orElseThrow();
        if (amount < MIN_AMOUNT) {
            throw StripeError.invalid("amount_too_small", "amount", "Amount must be at least " + MIN_AMOUNT + ".");
        }
        if (amount > MAX_AMOUNT) {
            throw StripeError.invalid("amount_too_large", "amount", "Amount must be at most " + MAX_AMOUNT + ".");
        }
        return amount;
    }

    private static String currency(String code) {
        try {
            return Currency.getInstance(code.toUpperCase(Locale.ROOT))
                    .getCurrencyCode()
                    .toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            throw StripeError.invalid("parameter_invalid", "currency", "Invalid currency: " + code);
        }
    }

    private static Optional<String> paymentMethod(Form form) {
        Optional<String> method = form.text("payment_method");
        if (method.isPresent() && !method.get().matches("(pm|tok|card|src)_\\w+")) {
            throw StripeError.invalid("resource_missing", "payment_method", "No such PaymentMethod: " + method.get());
        }
        return method;
    }

    private static String captureMethod(String method) {
        if (!method.equals("automatic") && !method.equals("automatic_async") && !method.equals("manual")) {
            throw StripeError.invalid("parameter_invalid", "capture_method", "Invalid capture_method: " + method);
        }
        return method;
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private static String id(String prefix) {
        return prefix + UUID.randomUUID().toString().replace("-", "").substring(8);
    }
}
