package dev.muster.worker.payments;

import java.util.regex.Pattern;

/**
 * The payload of a {@code payment.charge} job. Tokens only: a card's number never enters Muster.
 *
 * @param amount in minor units of the currency (cents), from 1
 * @param currency ISO 4217, three letters
 * @param customer the provider's customer id
 * @param paymentMethod the provider's token for a payment method
 */
public record PaymentCharge(
        long amount,
        String currency,
        String customer,

        @com.fasterxml.jackson.annotation.JsonProperty("payment_method")
        String paymentMethod) {
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_]{1,255}");

    public PaymentCharge {
        if (amount < 1 || amount > 99_999_999_999L) {
            throw new IllegalArgumentException("amount is not between 1 and 99999999999: " + amount);
        }
        if (currency == null || !currency.matches("[A-Za-z]{3}")) {
            throw new IllegalArgumentException("currency is no ISO 4217 code: " + currency);
        }
        requireToken("customer", customer);
        requireToken("payment_method", paymentMethod);
    }

    /** A value that isn't a token may be a card's number, so it is not repeated in the message. */
    private static void requireToken(String name, String value) {
        if (value == null || !TOKEN.matcher(value).matches() || value.chars().allMatch(Character::isDigit)) {
            throw new IllegalArgumentException(name + " is no token of the provider");
        }
    }
}
