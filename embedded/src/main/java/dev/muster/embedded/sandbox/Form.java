package dev.muster.embedded.sandbox;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The parameters of a request, as Stripe encodes them: {@code amount=100&metadata[job_id]=j1}.
 *
 * @param values by name, sorted, so that two equal requests read the same
 */
record Form(Map<String, String> values) {

    /** Decodes a body or a query; null is an empty one. */
    static Form parse(String encoded) {
        Map<String, String> values = new TreeMap<>();
        for (String pair : encoded.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                values.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
            }
        }
        return new Form(values);
    }

    Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
    }

    String required(String name) {
        return text(name)
                .orElseThrow(
                        () -> StripeError.invalid("parameter_missing", name, "Missing required param: " + name + "."));
    }

    boolean flag(String name) {
        return text(name).map("true"::equals).orElse(false);
    }

    Optional<Long> number(String name) {
        return text(name).map(value -> number(name, value));
    }

    /** The entries of {@code metadata[...]}, by their inner name. */
    Map<String, String> metadata() {
        Map<String, String> metadata = new TreeMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith("metadata[") && name.endsWith("]")) {
                metadata.put(name.substring("metadata[".length(), name.length() - 1), value);
            }
        });
        return metadata;
    }

    private static long number(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw StripeError.invalid("parameter_invalid_integer", name, "Invalid integer: " + value);
        }
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw StripeError.invalid("parameter_invalid", "body", "The body is not form-encoded: " + e.getMessage());
        }
    }
}
