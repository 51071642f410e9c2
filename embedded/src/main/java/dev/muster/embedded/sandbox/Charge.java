package dev.muster.embedded.sandbox;

/**
 * One attempt to take money from a card: what an audit counts.
 *
 * @param id {@code ch_...}
 * @param created seconds since 1970
 * @param intent the id of the intent it belongs to
 * @param terms the intent's terms when it was charged
 * @param captured minor units taken; 0 while only held, or when declined
 * @param refunded minor units given back
 * @param failureCode Stripe's decline code; empty when the card was charged
 * @param idempotencyKey the key of the request that made it, or empty
 */
record Charge(
        String id,
        long created,
        String intent,
        PaymentIntent.Terms terms,
        long captured,
        long refunded,
        String failureCode,
        String idempotencyKey) {

    long amount() {
        return terms.amount();
    }

    boolean succeeded() {
        return failureCode.isEmpty();
    }

    Charge capture(long amount) {
        return new Charge(id, created, intent, terms, amount, refunded, failureCode, idempotencyKey);
    }

    Charge refund(long amount) {
        return new Charge(id, created, intent, terms, captured, refunded + amount, failureCode, idempotencyKey);
    }
}
