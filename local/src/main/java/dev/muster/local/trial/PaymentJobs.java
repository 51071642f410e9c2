package dev.muster.local.trial;

import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Makes payment jobs up, one after the other. Not thread-safe. */
public final class PaymentJobs {
    private static final String SOURCE = "muster-demo";
    private static final double DECLINED = 0.02;
    /** How often a keyed job follows one of its own key at once: what order per key has to hold against. */
    private static final double SAME_KEY_AGAIN = 0.5;

    private static final List<String> DECLINES = List.of(
            "pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard");

    private final double orderedShare;
    private final SplittableRandom random;
    private final int keys;
    private String lastKey = "cus_0";

    /**
     * A source of payments.
     *
     * @param orderedShare of them, 0 to 1, that go to the keyed queue
     * @param keys how many customers those have, at least one
     */
    public PaymentJobs(double orderedShare, int keys, long seed) {
        this.orderedShare = orderedShare;
        this.keys = keys;
        this.random = new SplittableRandom(seed);
    }

    /** So many keys that each has about twenty of so many jobs. */
    public static int keysFor(long jobs, double orderedShare) {
        return Math.clamp((long) (jobs * orderedShare / 20), 5, 300);
    }

    /** A job and the queue it is for. */
    public record Job(String queue, Submission submission) {
        /** In the unordered queue a record's key only spreads the jobs over the partitions. */
        public Optional<String> orderKey() {
            return queue.equals(StackConfig.PAYMENTS_ORDERED) ? submission.key() : Optional.empty();
        }
    }

    /** The job of this number. */
    public Job next(int number) {
        String id = "payment-" + number;
        boolean ordered = random.nextDouble() < orderedShare;
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
        if (random.nextDouble() >= SAME_KEY_AGAIN) {
            lastKey = "cus_" + random.nextInt(keys);
        }
        return lastKey;
    }

    private Map<String, Object> payment(String customer) {
        Map<String, Object> payment = new LinkedHashMap<>();
        payment.put("amount", random.nextInt(100, 50_000));
        payment.put("currency", "eur");
        payment.put("customer", customer);
        payment.put(
                "payment_method",
                random.nextDouble() < DECLINED ? DECLINES.get(random.nextInt(DECLINES.size())) : "pm_card_visa");
        return payment;
    }
}
