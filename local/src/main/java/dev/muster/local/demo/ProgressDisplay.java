package dev.muster.local.demo;

import dev.muster.local.Console;
import dev.muster.store.AuditReader;
import java.time.Duration;
import java.util.Locale;

/** Shows how far a demo is: a bar that redraws itself on a terminal, now and then a plain line elsewhere. Not thread-safe. */
final class ProgressDisplay {
    private static final Duration PLAIN_EVERY = Duration.ofSeconds(5);
    private static final int WIDTH = 30;

    private final Console console;
    private final int total;
    private long lastPlainNanos;
    private boolean drawn;
    private int lastFinals;
    private long lastNanos;
    private double rate;

    ProgressDisplay(Console console, int total) {
        this.console = console;
        this.total = total;
    }

    void show(long elapsedNanos, int submitted, AuditReader.Progress progress, int workers, int kills) {
        measure(elapsedNanos, progress.finals());
        String words = String.format(
                Locale.ROOT,
                "%,d of %,d final  %,d submitted  %.0f/s  %d workers  %d kills",
                progress.finals(),
                total,
                submitted,
                rate,
                workers,
                kills);
        if (console.terminal()) {
            int full = (int) ((long) WIDTH * Math.min(progress.finals(), total) / total);
            console.out().print("\r[" + "#".repeat(full) + ".".repeat(WIDTH - full) + "] " + words + "\033[K");
            console.out().flush();
            drawn = true;
        } else if (elapsedNanos - lastPlainNanos >= PLAIN_EVERY.toNanos()) {
            lastPlainNanos = elapsedNanos;
            console.line(String.format(Locale.ROOT, "%5.0f s  %s", elapsedNanos / 1e9, words));
        }
    }

    /** Leaves the bar's line. */
    void end() {
        if (drawn) {
            console.line("");
        }
    }

    /** Smoothed, since jobs are settled in batches. */
    private void measure(long elapsedNanos, int finals) {
        if (elapsedNanos > lastNanos) {
            double now = (finals - lastFinals) * 1e9 / (elapsedNanos - lastNanos);
            rate = rate == 0 ? now : 0.7 * rate + 0.3 * now;
            lastFinals = finals;
            lastNanos = elapsedNanos;
        }
    }
}
