package dev.muster.embedded.sandbox;

import java.util.Map;

/**
 * Money given back on a charge.
 *
 * @param id {@code re_...}
 * @param created seconds since 1970
 * @param amount minor units
 */
record Refund(
        String id,
        long created,
        String charge,
        String intent,
        long amount,
        String currency,
        Map<String, String> metadata) {
    Refund {
        metadata = Map.copyOf(metadata);
    }
}
