package dev.muster.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Draws medians as horizontal bars with their range, on a logarithmic scale, since contestants are far apart. */
final class Chart {
    private static final int WIDTH = 760;
    private static final int LABEL = 170;
    private static final int BAR = 22;
    private static final int GAP = 10;

    private Chart() {}

    /** Two charts, one above the other: jobs a second, and processor seconds for 1,000 jobs. */
    static String of(List<DrainResult> results) {
        Map<String, List<DrainResult>> grouped = Report.byContestant(results);
        List<String> svg = new ArrayList<>();
        int top = 34;
        top = bars(
                svg,
                grouped,
                top,
                "Jobs a second (a drain; logarithmic); longer is better",
                DrainResult::rate,
                "%,.0f");
        top = bars(
                svg,
                grouped,
                top + 40,
                "Processor seconds for 1,000 jobs, all processes (logarithmic); shorter is better",
                run -> run.rested().total(),
                "%.3f");
        svg.addFirst(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>",
                WIDTH,
                top + 10));
        svg.add("</svg>");
        return String.join("\n", svg);
    }

    private static int bars(
            List<String> svg,
            Map<String, List<DrainResult>> grouped,
            int top,
            String title,
            java.util.function.ToDoubleFunction<DrainResult> value,
            String format) {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (List<DrainResult> runs : grouped.values()) {
            Report.Spread spread = Report.Spread.of(runs, value);
            least = Math.min(least, spread.min());
            most = Math.max(most, spread.max());
        }
        Scale scale = new Scale(least / 2, most);
        svg.add(text(10, top - 12, title, "bold"));
        int y = top;
        for (Map.Entry<String, List<DrainResult>> entry : grouped.entrySet()) {
            Report.Spread spread = Report.Spread.of(entry.getValue(), value);
            boolean ours = entry.getKey().startsWith("muster");
            svg.add(text(10, y + 16, entry.getKey(), ours ? "bold" : "normal"));
            svg.add(rect(LABEL, y, scale.of(spread.median()), BAR, ours ? "#1f6f8b" : "#b0b7bd"));
            svg.add(rect(
                    LABEL + scale.of(spread.min()),
                    y + BAR / 2.0 - 1,
                    Math.max(1, scale.of(spread.max()) - scale.of(spread.min())),
                    2,
                    "#333"));
            svg.add(text(
                    LABEL + scale.of(spread.max()) + 6,
                    y + 16,
                    String.format(Locale.ROOT, format, spread.median()),
                    "normal"));
            y += BAR + GAP;
        }
        return y;
    }

    private record Scale(double from, double to) {
        double of(double value) {
            return (WIDTH - LABEL - 110) * Math.log(value / from) / Math.log(to / from);
        }
    }

    private static String rect(double x, double y, double width, double height, String fill) {
        return String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
                x,
                y,
                width,
                height,
                fill);
    }

    private static String text(double x, double y, String text, String weight) {
        return String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"%s\">%s</text>", x, y, weight, text);
    }
}
