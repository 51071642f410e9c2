package dev.muster.local.demo;

import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Makes payment jobs up, one after the other. Not thread-safe. */
final class PaymentJobs {
    private static final String SOURCE = "muster-demo";
    private static final double DECLINED = 0.02;
    /** The sandbox answers 429 to the first request of each idempotency key. */
    private static final String TURNED_AWAY_ONCE = "pm_sandbox_rate_limit";
    /** How often a keyed job follows one of its own key at once: what order per key has to hold against. */
    private static final double SAME_KEY_AGAIN = 0.5;

    private static final List<String> DECLINES = List.of(
            "pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard");

    private final DemoConfig config;
    private final SplittableRandom random;
    private final int keys;
    private final Optional<Zipf> zipf;
    private String lastKey = "cus_0";

    PaymentJobs(DemoConfig config) {
        this.config = config;
        this.random = new SplittableRandom(config.seed());
        this.zipf = config.keys().map(wanted -> new Zipf(wanted.count(), wanted.zipf()));
        this.keys = Math.clamp((long) (config.jobs() * config.orderedShare() / 20), 5, 300);
    }

    /** A job and the queue it is for. */
    record Job(String queue, Submission submission) {
        /** In the unordered queue a record's key only spreads the jobs over the partitions. */
        Optional<String> orderKey() {
            return queue.equals(StackConfig.PAYMENTS_ORDERED) ? submission.key() : Optional.empty();
        }
    }

    /** The job of this number. */
    Job next(int number) {
        String id = "payment-" + number;
        boolean ordered = random.nextDouble() < config.orderedShare();
        String customer = ordered ? nextKey() : "cus_" + random.nextInt(100_000);
        Submission submission = new Submission(
                SOURCE,
                id,
                "payment.charge",
                Optional.of(ordered ? customer : id),
                Json.MAPPER.writeValueAsBytes(payment(customer)),
                Map.of());
        return new Job(ordered ? StackConfig.PAYMENTS_ORDERED : StackConfig.PAYMENTS, submission);
    }

    private String nextKey() {
        if (zipf.isPresent()) {
            lastKey = "cus_" + zipf.get().at(random.nextDouble());
        } else if (random.nextDouble() >= SAME_KEY_AGAIN) {
            lastKey = "cus_" + random.nextInt(keys);
        }
        return lastKey;
    }

    private Map<String, Object> payment(String customer) {
        Map<String, Object> payment = new LinkedHashMap<>();
        payment.put("amount", random.nextInt(100, 50_000));
        payment.put("currency", "eur");
        payment.put("customer", customer);
        payment.put("payment_method", paymentMethod());
        return payment;
    }

    private String paymentMethod() {
        double share = random.nextDouble();
        if (share < config.keys().map(DemoConfig.Keys::retrying).orElse(0.0)) {
            return TURNED_AWAY_ONCE;
        }
        return random.nextDouble() < DECLINED ? DECLINES.get(random.nextInt(DECLINES.size())) : "pm_card_visa";
    }
}
