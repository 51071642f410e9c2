package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.protocol.StoredRecord;
import dev.muster.store.DeadLetter;
import dev.muster.store.DeadLetterGroup;
import dev.muster.store.DeadLetterStore.Call;
import dev.muster.store.DeadLetterStore.Past;
import dev.muster.store.RedriveReport;
import dev.muster.store.RedriveVerdict;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Dead letters as text for people. Pure. */
final class DeadPrinter {
    private static final String GROUP = "%-16s  %8s  %6s  %-20s  %-20s  %-24s  %s";
    private static final String LETTER = "%-36s  %-16s  %-20s  %-24s  %-20s  %8s  %s";
    private static final int LONGEST_PAYLOAD = 4_000;

    private DeadPrinter() {}

    static List<String> groups(List<DeadLetterGroup> groups) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, GROUP, "GROUP", "LETTERS", "KEYS", "FIRST", "LAST", "TYPE", "DIED OF"));
        for (DeadLetterGroup group : groups) {
            lines.add(String.format(
                    Locale.ROOT,
                    GROUP,
                    group.group(),
                    group.letters(),
                    group.keys(),
                    seconds(group.first()),
                    seconds(group.last()),
                    group.type(),
                    group.cause()));
        }
        return lines;
    }

    static List<String> table(List<DeadLetter> letters) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, LETTER, "ID", "GROUP", "QUEUE", "TYPE", "DIED", "REDRIVES", "REASON"));
        for (DeadLetter letter : letters) {
            lines.add(String.format(
                            Locale.ROOT,
                            LETTER,
                            letter.id(),
                            letter.group(),
                            letter.queue(),
                            letter.type(),
                            seconds(letter.death().at()),
                            letter.redrives(),
                            letter.death().reason().orElse(""))
                    .stripTrailing());
        }
        return lines;
    }

    /** Everything about one letter, its payload last. */
    static List<String> page(DeadLetter letter, StoredRecord record, List<Call> calls, List<Past> redrives) {
        List<String> lines = new ArrayList<>();
        field(lines, "id", Optional.of(letter.id()));
        field(lines, "group", Optional.of(letter.group()));
        field(lines, "queue", Optional.of(letter.queue()));
        field(lines, "type", Optional.of(letter.wasJob() ? letter.type() : letter.type() + " (it never was a job)"));
        field(lines, "key", letter.key());
        field(lines, "reason", letter.death().reason());
        field(lines, "detail", letter.death().detail());
        field(
                lines,
                "record",
                Optional.of("partition " + letter.position().partition() + ", offset "
                        + letter.position().offset()));
        field(
                lines,
                "runs",
                Optional.of(letter.run().attempt() + " (" + letter.run().failures() + " failed, "
                        + letter.run().recoveries() + " cut short)"));
        field(lines, "submitted", Optional.of(letter.death().submitted()));
        field(lines, "died", Optional.of(letter.death().at()));
        for (Call call : calls) {
            field(
                    lines,
                    "call",
                    Optional.of(call.step() + " under " + call.idempotencyKey()
                            + call.closed()
                                    .map(at -> ", answered at " + at)
                                    .orElse(", not answered: nobody knows what it came to")));
        }
        redrives.forEach(past -> field(lines, "redriven", Optional.of(past(letter, past))));
        field(lines, "payload", Optional.of(payload(record)));
        return lines;
    }

    /** What a redrive has done, or would do. */
    static List<String> report(RedriveReport report) {
        List<String> lines = new ArrayList<>();
        report.counts().forEach((verdict, count) -> lines.add(count + " " + words(verdict, report.dryRun())));
        if (report.counts().isEmpty()) {
            lines.add("no dead letter matches");
        }
        report.lastDue()
                .ifPresent(at -> lines.add("the last one " + (report.dryRun() ? "would be" : "is") + " due at " + at));
        report.refused().stream()
                .filter(refused -> !refused.detail().isEmpty())
                .forEach(refused -> lines.add("job " + refused.id() + ": " + refused.detail()));
        if (report.more()) {
            lines.add("there may be more: so many at once are enough; give the command again");
        }
        return lines;
    }

    private static String words(RedriveVerdict verdict, boolean dryRun) {
        if (verdict == RedriveVerdict.REDRIVEN) {
            return dryRun ? "would run again" : "redriven";
        }
        return (dryRun ? "would stay: " : "stay: ") + verdict.meaning();
    }

    private static String past(DeadLetter letter, Past past) {
        return past.at() + " by " + past.by()
                + (past.as().equals(letter.id()) ? "" : ", as job " + past.as())
                + (past.edited() ? ", edited; its keys end in :" + past.keyVersion() : "");
    }

    private static String payload(StoredRecord record) {
        String text = new String(record.value(), UTF_8);
        String shown = text.length() > LONGEST_PAYLOAD ? text.substring(0, LONGEST_PAYLOAD) + " …" : text;
        // Somebody else's bytes, on a terminal.
        return shown.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\uFFFD");
    }

    private static Instant seconds(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS);
    }

    private static void field(List<String> lines, String name, Optional<?> value) {
        value.ifPresent(text -> lines.add(String.format(Locale.ROOT, "%-12s %s", name, text)));
    }
}
