package dev.muster.embedded.sandbox;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Why a card is declined, by the test tokens of Stripe: {@code pm_card_chargeDeclined} and its kin, with the same names
 * after {@code tok_}.
 */
record Decline(String code, String declineCode, String message) {
    private static final Map<String, Decline> BY_TOKEN = Map.of(
            "chargedeclined", declined("generic_decline", "Your card was declined."),
            "chargedeclinedinsufficientfunds", declined("insufficient_funds", "Your card has insufficient funds."),
            "chargedeclinedlostcard", declined("lost_card", "Your card was declined."),
            "chargedeclinedstolencard", declined("stolen_card", "Your card was declined."),
            "chargedeclinedfraudulent", declined("fraudulent", "Your card was declined."),
            "visa_chargedeclinedinsufficientfunds", declined("insufficient_funds", "Your card has insufficient funds."),
            "chargedeclinedexpiredcard", new Decline("expired_card", "expired_card", "Your card has expired."),
            "chargedeclinedincorrectcvc",
                    new Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
            "chargedeclinedprocessingerror",
                    new Decline(
                            "processing_error", "processing_error", "An error occurred while processing your card."));

    /** The decline a payment method stands for; empty when it is charged. */
    static Optional<Decline> of(String paymentMethod) {
        String token = paymentMethod.replaceFirst("^(pm_card_|tok_)", "").toLowerCase(Locale.ROOT);
        return Optional.ofNullable(BY_TOKEN.get(token));
    }

    private static Decline declined(String declineCode, String message) {
        return new Decline("card_declined", declineCode, message);
    }
}
