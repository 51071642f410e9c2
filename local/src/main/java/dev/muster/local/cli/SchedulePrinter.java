package dev.muster.local.cli;

import dev.muster.schedule.Schedule;
import dev.muster.store.ScheduleStore.Fired;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Schedules as text for people and as maps for JSON. Pure. */
final class SchedulePrinter {
    private static final String ROW = "%-24s  %-18s  %-18s  %-16s  %-20s  %s";
    private static final int TIMES = 3;
    private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm xxx", Locale.ROOT);

    private SchedulePrinter() {}

    /** A heading and a line for each schedule, with its next three times. */
    static List<String> table(List<Schedule> schedules) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, ROW, "NAME", "CRON", "ZONE", "QUEUE", "TYPE", "NEXT"));
        for (Schedule schedule : schedules) {
            lines.add(String.format(
                    Locale.ROOT,
                    ROW,
                    schedule.name(),
                    schedule.timing().cron(),
                    schedule.timing().zone(),
                    schedule.job().queue(),
                    schedule.job().type(),
                    schedule.standing().paused() ? "paused" : words(schedule)));
        }
        return lines;
    }

    /** Everything about one schedule. */
    static List<String> page(Schedule schedule, List<Fired> fired) {
        List<String> lines = new ArrayList<>();
        field(lines, "name", Optional.of(schedule.name()));
        field(lines, "cron", Optional.of(schedule.timing().cron()));
        field(lines, "zone", Optional.of(schedule.timing().zone()));
        field(lines, "missed", Optional.of(schedule.timing().missed().wireName()));
        field(lines, "queue", Optional.of(schedule.job().queue()));
        field(lines, "type", Optional.of(schedule.job().type()));
        field(lines, "key", schedule.job().key());
        field(lines, "data", Optional.of(new String(schedule.job().data(), StandardCharsets.UTF_8)));
        field(lines, "attempts", schedule.job().terms().maxAttempts());
        field(lines, "deadline", schedule.job().terms().deadlineAfter().map(after -> after + " after its time"));
        field(lines, "paused", Optional.of(schedule.standing().paused() ? "yes" : "no"));
        field(lines, "next", Optional.of(words(schedule)));
        field(lines, "created", Optional.of(schedule.standing().createdAt()));
        for (Fired one : fired) {
            field(lines, "fired", Optional.of(one.time() + " as job " + one.jobId() + ", made at " + one.firedAt()));
        }
        return lines;
    }

    /** The same as JSON; what a schedule does not have is left out. */
    static Map<String, Object> json(Schedule schedule) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", schedule.name());
        json.put("cron", schedule.timing().cron());
        json.put("zone", schedule.timing().zone());
        json.put("missed", schedule.timing().missed().wireName());
        json.put("queue", schedule.job().queue());
        json.put("type", schedule.job().type());
        schedule.job().key().ifPresent(key -> json.put("key", key));
        json.put("paused", schedule.standing().paused());
        json.put("next", next(schedule).stream().map(Instant::toString).toList());
        json.put("created_at", schedule.standing().createdAt().toString());
        return json;
    }

    /** Its next time as it stands, in the past while it is late, and those that follow. */
    private static List<Instant> next(Schedule schedule) {
        Instant first = schedule.standing().nextFireAt();
        List<Instant> times = new ArrayList<>(List.of(first));
        try {
            times.addAll(schedule.timing().nextAfter(first, TIMES - 1));
        } catch (IllegalArgumentException | DateTimeException _) {
            return times; // made where other time zones are known
        }
        return times;
    }

    private static String words(Schedule schedule) {
        return next(schedule).stream()
                .map(time -> local(time, schedule.timing().zone()))
                .collect(Collectors.joining(", "));
    }

    private static String local(Instant time, String zone) {
        try {
            return LOCAL.format(time.atZone(ZoneId.of(zone)));
        } catch (DateTimeException _) {
            return time.toString();
        }
    }

    private static void field(List<String> lines, String name, Optional<?> value) {
        value.ifPresent(text -> lines.add(String.format(Locale.ROOT, "%-12s %s", name, text)));
    }
}
