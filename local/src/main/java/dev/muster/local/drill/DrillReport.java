package dev.muster.local.drill;

import dev.muster.local.trial.Percentiles;
import dev.muster.local.trial.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a drill has to say in the end, for people and, in keys that scripts rely on, as JSON. Immutable.
 *
 * @param boundsFactor by which the bounds that were to hold are longer than those of the faults
 */
public record DrillReport(List<FaultReport> faults, double boundsFactor) implements Verdict {
    private static final List<Figure> COLUMNS =
            List.of(Figure.DETECT, Figure.FENCE, Figure.REASSIGN, Figure.RECOVERY, Figure.ALL_RUNNING, Figure.BACKLOG);

    public DrillReport {
        faults = List.copyOf(faults);
    }

    /** True when nothing was lost, doubled or out of order, nobody died who should not have, and every bound held. */
    @Override
    public boolean isOk() {
        return faults.stream().allMatch(FaultReport::isOk);
    }

    @Override
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("bounds_factor", boundsFactor);
        json.put("faults", faults.stream().map(FaultReport::json).toList());
        return json;
    }

    /** A table, and below it what is wrong. */
    @Override
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("milliseconds from the fault on: p50/p99/max over the rounds"
                + (boundsFactor == 1 ? "" : "; bounds stretched by " + boundsFactor));
        lines.add(row(
                "fault",
                "rounds",
                COLUMNS.stream().map(Figure::title).toList(),
                "bounded",
                "lost",
                "dup",
                "order",
                "verdict"));
        for (FaultReport fault : faults) {
            lines.add(row(
                    fault.kind().wireName(),
                    Integer.toString(fault.rounds()),
                    COLUMNS.stream().map(figure -> cell(fault, figure)).toList(),
                    bounded(fault),
                    Integer.toString(fault.lost()),
                    Integer.toString(fault.duplicates()),
                    Integer.toString(fault.orderViolations()),
                    fault.isOk() ? "ok" : "FAILED"));
        }
        faults.forEach(fault -> fault.complaints()
                .forEach(line -> lines.add("FAILED  " + fault.kind().wireName() + ": " + line)));
        lines.add("drill " + (isOk() ? "ok" : "failed"));
        return lines;
    }

    private static String row(
            String fault,
            String rounds,
            List<String> figures,
            String bounded,
            String lost,
            String duplicates,
            String order,
            String verdict) {
        Object[] cells = Stream.of(
                        Stream.of(fault, rounds),
                        figures.stream(),
                        Stream.of(bounded, lost, duplicates, order, verdict))
                .flatMap(part -> part)
                .toArray();
        return String.format(
                Locale.ROOT, "%-20s %6s  %-15s %-15s %-15s %-15s %-15s %-15s %-22s %4s %4s %5s  %s", cells);
    }

    private static String cell(FaultReport fault, Figure figure) {
        return fault.figure(figure).map(DrillReport::text).orElse("-");
    }

    private static String text(Percentiles values) {
        return values.p50() + "/" + values.p99() + "/" + values.max();
    }

    /** Such as {@code last job 310 < 1000}. */
    private static String bounded(FaultReport fault) {
        return fault.bounds().stream()
                .map(bound -> bound.figure().title() + " "
                        + fault.figure(bound.figure())
                                .map(values -> Long.toString(values.p99()))
                                .orElse("?")
                        + " < " + bound.limit().toMillis())
                .collect(Collectors.joining(", "));
    }
}
