package dev.muster.schedule;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A cron expression: five fields (minute, hour, day of month, month, day of week) with lists, ranges, steps and English
 * names, or one of {@code @hourly @daily @midnight @weekly @monthly @yearly @annually}. Where both day fields are
 * restricted a day need match only one of them. Immutable.
 *
 * <p>In a time zone it names a set of instants; what {@link #nextAfter} answers depends on nothing else. Where clocks
 * are moved, an expression whose minute or hour field begins with {@code *} follows the clock: it fires whenever the
 * local time matches, so a time that doesn't exist is left out and one that exists twice fires twice. Any other names
 * fixed times, each of which fires exactly once: one that doesn't exist as much later as the clock was moved, one that
 * exists twice the first time.
 *
 * <p>Source: Vixie cron (ISC cron 4.1), crontab(5) on the fields, the day rule and which jobs are "wildcard" jobs;
 * cron(8) on changes of the clock, except that a skipped time is not caught up at once but keeps its distance to
 * midnight, as {@link ZonedDateTime#ofLocal} has it.
 */
public final class Cron {
    private static final Map<String, String> MACROS = Map.of(
            "@hourly", "0 * * * *",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@weekly", "0 0 * * 0",
            "@monthly", "0 0 1 * *",
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *");

    /** No expression that ever fires pauses longer: a 29th of February on one weekday comes back after 40 years. */
    private static final int SEARCH_DAYS = 60 * 366;

    /** A zone that crosses the date line skips a day: near a change of the clock a date's times may be as far from it. */
    private static final int SHIFT_DAYS = 2;

    private final String text;
    private final long minutes;
    private final long hours;
    private final long daysOfMonth;
    private final long months;
    private final long daysOfWeek;
    private final boolean bothDays;
    private final boolean followsClock;

    private Cron(String text, List<String> fields) {
        this.text = text;
        this.minutes = CronField.MINUTE.parse(fields.get(0));
        this.hours = CronField.HOUR.parse(fields.get(1));
        this.daysOfMonth = CronField.DAY_OF_MONTH.parse(fields.get(2));
        this.months = CronField.MONTH.parse(fields.get(3));
        this.daysOfWeek = CronField.DAY_OF_WEEK.parse(fields.get(4));
        this.bothDays = fields.get(2).startsWith("*") || fields.get(4).startsWith("*");
        this.followsClock = fields.get(0).startsWith("*") || fields.get(1).startsWith("*");
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException if it is none, or one that never fires, such as a 30th of February
     */
    public static Cron parse(String text) {
        String given = text.strip();
        String expanded = MACROS.getOrDefault(given.toLowerCase(Locale.ROOT), given);
        List<String> fields = List.of(expanded.split("\\s+", -1));
        if (fields.size() != CronField.values().length) {
            throw new IllegalArgumentException(
                    "a cron expression has five fields (minute, hour, day of month, month, day of week) or is one of "
                            + String.join(" ", new TreeMap<>(MACROS).keySet()) + ": \"" + text + "\"");
        }
        Cron cron = new Cron(given, fields);
        LocalDate any = LocalDate.of(2000, 1, 1);
        if (any.datesUntil(any.plusDays(SEARCH_DAYS)).noneMatch(cron::matches)) {
            throw new IllegalArgumentException("\"" + text + "\" never fires: no such day exists");
        }
        return cron;
    }

    /** The first time after an instant. */
    public Instant nextAfter(Instant after, ZoneId zone) {
        LocalDate from = LocalDate.ofInstant(after, zone).minusDays(shiftDays(after, zone));
        Optional<Instant> found = Optional.empty();
        for (int day = 0; day < SEARCH_DAYS; day++) {
            LocalDate date = from.plusDays(day);
            // Where the clock was moved, a date that follows may have an earlier time than the one that was found.
            if (found.filter(at -> isSettled(at, date, zone)).isPresent()) {
                break;
            }
            found = Stream.concat(found.stream(), on(date, zone).stream().filter(after::isBefore))
                    .min(Instant::compareTo);
        }
        return found.orElseThrow(() -> neverFires(zone));
    }

    /** The last time that is not after an instant. */
    public Instant lastUpTo(Instant until, ZoneId zone) {
        LocalDate from = LocalDate.ofInstant(until, zone).plusDays(shiftDays(until, zone));
        Optional<Instant> found = Optional.empty();
        for (int day = 0; day < SEARCH_DAYS; day++) {
            LocalDate date = from.minusDays(day);
            if (found.filter(at -> isSettled(at, date, zone)).isPresent()) {
                break;
            }
            found = Stream.concat(found.stream(), on(date, zone).stream().filter(at -> !at.isAfter(until)))
                    .max(Instant::compareTo);
        }
        return found.orElseThrow(() -> neverFires(zone));
    }

    /** The expression as it was given. */
    @Override
    public String toString() {
        return text;
    }

    private boolean matches(LocalDate date) {
        boolean dayOfMonth = has(daysOfMonth, date.getDayOfMonth());
        boolean dayOfWeek = has(daysOfWeek, date.getDayOfWeek().getValue() % 7);
        return has(months, date.getMonthValue()) && (bothDays ? dayOfMonth && dayOfWeek : dayOfMonth || dayOfWeek);
    }

    /** The instants of a local date, in no order. */
    private List<Instant> on(LocalDate date, ZoneId zone) {
        List<Instant> instants = new ArrayList<>();
        int minutesOfDay = matches(date) ? 24 * 60 : 0;
        for (int minute = 0; minute < minutesOfDay; minute++) {
            if (has(hours, minute / 60) && has(minutes, minute % 60)) {
                add(date.atTime(minute / 60, minute % 60), zone, instants);
            }
        }
        return instants;
    }

    private void add(LocalDateTime time, ZoneId zone, List<Instant> to) {
        if (followsClock) {
            zone.getRules().getValidOffsets(time).forEach(offset -> to.add(time.toInstant(offset)));
        } else {
            to.add(ZonedDateTime.ofLocal(time, zone, null).toInstant());
        }
    }

    /** True when no time of this date, nor of one beyond it, can lie before (or after) an instant that was found. */
    private static boolean isSettled(Instant found, LocalDate date, ZoneId zone) {
        return Math.abs(ChronoUnit.DAYS.between(LocalDate.ofInstant(found, zone), date)) > shiftDays(found, zone);
    }

    /** How many days a date's times may be from the date, around an instant: 0 but near a change of the clock. */
    private static int shiftDays(Instant around, ZoneId zone) {
        Instant before = around.minus(SHIFT_DAYS + 1, ChronoUnit.DAYS);
        ZoneOffsetTransition change = zone.getRules().nextTransition(before);
        boolean near = change != null && change.getInstant().isBefore(around.plus(SHIFT_DAYS + 1, ChronoUnit.DAYS));
        return near ? SHIFT_DAYS : 0;
    }

    private static boolean has(long bits, int value) {
        return (bits & (1L << value)) != 0;
    }

    private IllegalStateException neverFires(ZoneId zone) {
        return new IllegalStateException(
                "\"" + text + "\" has no time in " + zone + " within " + SEARCH_DAYS + " days");
    }
}
