package dev.muster.local.drill;

import dev.muster.local.trial.Audit;
import dev.muster.local.trial.Percentiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What all rounds of a fault came to. Immutable.
 *
 * @param rounds how often it was asked for
 * @param bounds that had to hold
 * @param results of each round of each way
 * @param audits of each way's stack
 * @param failures why it could not be carried through
 */
record FaultReport(
        FaultKind kind,
        int rounds,
        List<Bound> bounds,
        List<RoundResult> results,
        List<Audit> audits,
        List<String> failures) {
    FaultReport {
        bounds = List.copyOf(bounds);
        results = List.copyOf(results);
        audits = List.copyOf(audits);
        failures = List.copyOf(failures);
    }

    /** The figure over all rounds that have it; empty where none has. */
    Optional<Percentiles> figure(Figure figure) {
        List<Long> values = results.stream()
                .map(result -> Optional.ofNullable(result.figures().get(figure)))
                .flatMap(Optional::stream)
                .toList();
        return values.isEmpty() ? Optional.empty() : Optional.of(Percentiles.of(values));
    }

    int lost() {
        return audits.stream().mapToInt(Audit::lost).sum();
    }

    int duplicates() {
        return audits.stream().mapToInt(Audit::duplicateCharges).sum();
    }

    int orderViolations() {
        return audits.stream().mapToInt(Audit::orderViolations).sum();
    }

    boolean isOk() {
        return complaints().isEmpty();
    }

    /** All that is wrong, a line each; by how much a bound was exceeded. */
    List<String> complaints() {
        List<String> complaints = new ArrayList<>(failures);
        for (int i = 0; i < results.size(); i++) {
            for (String violation : results.get(i).violations()) {
                complaints.add("round " + (i + 1) + ": " + violation);
            }
        }
        audits.forEach(audit -> complaints.addAll(audit.violations()));
        bounds.forEach(bound -> check(bound).ifPresent(complaints::add));
        return complaints;
    }

    /** In a line: how it went, and what is wrong. */
    String verdict() {
        String books = String.format(
                Locale.ROOT, "%d lost, %d duplicates, %d out of order", lost(), duplicates(), orderViolations());
        return isOk() ? "ok: " + books : "FAILED: " + books + "; " + String.join("; ", complaints());
    }

    private Optional<String> check(Bound bound) {
        Optional<Percentiles> measured = figure(bound.figure());
        if (measured.isEmpty()) {
            return Optional.of(bound.figure().key() + " was not measured, so the bound proves nothing");
        }
        long p99 = measured.get().p99();
        return bound.holds(p99)
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s is %,d ms (p99), %,d ms above its bound of %,d ms",
                        bound.figure().key(),
                        p99,
                        p99 - bound.limit().toMillis(),
                        bound.limit().toMillis()));
    }

    /** The report as JSON has it. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("fault", kind.wireName());
        json.put("rounds", rounds);
        for (Figure figure : Figure.values()) {
            json.put(figure.key(), figure(figure).map(FaultReport::json).orElse(null));
        }
        json.put(
                "interrupted",
                results.stream().mapToInt(RoundResult::interrupted).sum());
        json.put("lost", lost());
        json.put("duplicates", duplicates());
        json.put("order_violations", orderViolations());
        json.put("audit", isOk() ? "ok" : "failed");
        json.put("complaints", complaints());
        return json;
    }

    private static Map<String, Object> json(Percentiles values) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("p50", values.p50());
        json.put("p99", values.p99());
        json.put("max", values.max());
        return json;
    }
}
