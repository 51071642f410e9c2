package dev.muster.bench;

import dev.muster.protocol.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What runs have shown, for people and for programs: medians with their range. */
final class Report {
    private Report() {}

    /** The middle of some values, and their range. */
    record Spread(double median, double min, double max) {
        static Spread of(List<DrainResult> runs, ToDoubleFunction<DrainResult> value) {
            double[] sorted = runs.stream().mapToDouble(value).sorted().toArray();
            return new Spread(sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,.0f (%,.0f–%,.0f)", median, min, max);
        }

        private String fine() {
            return String.format(Locale.ROOT, "%.4f", median);
        }
    }

    /** Groups runs by contestant, in the order in which they first ran. */
    static Map<String, List<DrainResult>> byContestant(List<DrainResult> results) {
        Map<String, List<DrainResult>> grouped = new LinkedHashMap<>();
        results.forEach(result -> grouped.merge(
                result.contestant(),
                List.of(result),
                (a, b) -> java.util.stream.Stream.concat(a.stream(), b.stream()).toList()));
        return grouped;
    }

    /** A Markdown table. */
    static List<String> table(List<DrainResult> results) {
        Map<String, List<DrainResult>> grouped = byContestant(results);
        List<String> head = List.of(
                "| contestant | runs | jobs/s | jobs/s, steady | CPU s / 1,000 jobs | worker / coordinator / postgres / kafka | … with events | WAL B/job | others' cores |",
                "|---|---|---|---|---|---|---|---|---|");
        return java.util.stream.Stream.concat(
                        head.stream(), grouped.entrySet().stream().map(e -> row(e.getKey(), e.getValue())))
                .toList();
    }

    private static String row(String contestant, List<DrainResult> runs) {
        return String.format(
                Locale.ROOT,
                "| %s | %d × %,d | %s | %s | %s | %s | %s | %s | %.2f |",
                contestant,
                runs.size(),
                runs.getFirst().jobs(),
                Spread.of(runs, DrainResult::rate),
                Spread.of(runs, DrainResult::steadyRate),
                Spread.of(runs, run -> run.steady().total()).fine(),
                String.join(
                        " / ",
                        List.of("worker", "coordinator", "postgres", "kafka").stream()
                                .map(process -> Spread.of(
                                                runs, run -> run.steady().of(process))
                                        .fine())
                                .toList()),
                Spread.of(runs, run -> run.rested().total()).fine(),
                Spread.of(runs, run -> run.whole().walBytes()),
                Spread.of(runs, run -> run.whole().othersCores()).median());
    }

    /** One line about a run, while others are still to come. */
    static String line(DrainResult run) {
        return String.format(
                Locale.ROOT,
                "%-12s %,9.0f jobs/s, steady %,9.0f; CPU %.4f steady %s, %.4f whole, %.4f with events (%.1f s more); WAL %.0f B, others %.2f cores; %s; %s MB",
                run.contestant(),
                run.rate(),
                run.steadyRate(),
                run.steady().total(),
                shortened(run.steady().cpu()),
                run.whole().total(),
                run.rested().total(),
                run.restSeconds(),
                run.whole().walBytes(),
                run.whole().othersCores(),
                run.statements(),
                run.megabytes());
    }

    private static String shortened(Map<String, Double> cpu) {
        return String.join(
                " ",
                cpu.entrySet().stream()
                        .map(e -> String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue()))
                        .toList());
    }

    /** Everything, as JSON. */
    static String json(Map<String, Object> about, List<DrainResult> results) {
        Map<String, Object> all = new LinkedHashMap<>(about);
        all.put("runs", results);
        return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(all);
    }

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
