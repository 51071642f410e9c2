package dev.muster.local.cli;

import dev.muster.store.SupervisionStore.Happened;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The history of supervision as text for people. Pure. */
final class HistoryPrinter {
    private HistoryPrinter() {}

    /** A heading and a line for each event. */
    static List<String> table(List<Happened> events) {
        List<String> lines = new ArrayList<>();
        lines.add(row("AT", "SUPERVISOR", "CHILD", "INCARNATION", "WHAT", "TOOK/LIVED", "PROCESS", "REASON"));
        for (Happened event : events) {
            lines.add(row(
                    event.at().truncatedTo(ChronoUnit.MILLIS).toString(),
                    event.subject().path(),
                    event.subject().child().orElse(""),
                    event.subject().incarnation().orElse(""),
                    event.kind().wireName(),
                    event.took().map(HistoryPrinter::seconds).orElse(""),
                    event.origin(),
                    Stream.of(event.why().reason(), event.why().detail())
                            .flatMap(Optional::stream)
                            .collect(Collectors.joining(": "))
                            // The trace of a crash stays out of the table.
                            .lines()
                            .findFirst()
                            .orElse("")));
        }
        return lines;
    }

    private static String seconds(Duration took) {
        return String.format(Locale.ROOT, "%.3f s", took.toMillis() / 1e3);
    }

    private static String row(Object... cells) {
        return String.format(Locale.ROOT, "%-24s  %-24s  %-16s  %-16s  %-12s  %12s  %-20s  %s", cells)
                .stripTrailing();
    }
}
