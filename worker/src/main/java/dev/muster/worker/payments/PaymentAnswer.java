package dev.muster.worker.payments;

/** What the provider has said about a charge. Silence, and answers that leave it open, are exceptions instead. */
sealed interface PaymentAnswer {

    /** The money is taken; {@code id} is the provider's payment. */
    record Charged(String id) implements PaymentAnswer {}

    /** A business no, with the provider's code for it. */
    record Declined(String code) implements PaymentAnswer {}

    /** The request is wrong and nothing was charged: no use to repeat it. */
    record Refused(String why) implements PaymentAnswer {}
}
