package dev.muster.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Around every change of the clock that any zone makes in some years, minute by minute, against a model that knows
 * nothing of dates: it asks of each instant whether the expression means it.
 */
class CronPropertyTest {
    /** The date line that Samoa crossed, the half hour of Lord Howe, and rules that hold today. */
    private static final Instant FROM = Instant.parse("2011-01-01T00:00:00Z");

    private static final Instant TO = Instant.parse("2012-02-01T00:00:00Z");
    private static final Instant FROM_TODAY = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant TO_TODAY = Instant.parse("2027-12-31T00:00:00Z");

    /** What an expression names, in words of its own: hour and minute. */
    private static final Map<String, Predicate<LocalDateTime>> FIXED = Map.of(
            "30 2 * * *", at -> at.getHour() == 2 && at.getMinute() == 30,
            "5,45 0,1,23 * * *",
                    at -> (at.getMinute() == 5 || at.getMinute() == 45) && (at.getHour() < 2 || at.getHour() == 23),
            "0 0-4 * * *", at -> at.getMinute() == 0 && at.getHour() <= 4);

    private static final Map<String, Predicate<LocalDateTime>> FOLLOWING = Map.of(
            "*/20 * * * *", at -> at.getMinute() % 20 == 0,
            "15 */2 * * *", at -> at.getMinute() == 15 && at.getHour() % 2 == 0,
            "* 2 * * *", at -> at.getHour() == 2);

    /** A change of the clock in a zone; many zones make the same one at the same local time. */
    private record Change(ZoneId zone, ZoneOffsetTransition transition) {}

    @Test
    void fixed_times_fire_once_through_every_change_of_the_clock() {
        List<Change> changes = changes();
        assertThat(changes).hasSizeGreaterThan(60);
        for (Change change : changes) {
            FIXED.forEach((text, means) ->
                    check(change, text, at -> isFixedTime(at, change.zone().getRules(), means)));
        }
    }

    @Test
    void expressions_that_follow_the_clock_fire_whenever_the_local_time_matches() {
        for (Change change : changes()) {
            FOLLOWING.forEach((text, means) ->
                    check(change, text, at -> means.test(LocalDateTime.ofInstant(at, change.zone()))));
        }
    }

    /** Whether a fixed time falls on this instant: as its own, the first time it exists, or shifted here out of a gap. */
    private static boolean isFixedTime(Instant at, ZoneRules rules, Predicate<LocalDateTime> means) {
        ZoneOffset offset = rules.getOffset(at);
        LocalDateTime local = LocalDateTime.ofEpochSecond(at.getEpochSecond(), 0, offset);
        boolean first = rules.getValidOffsets(local).getFirst().equals(offset);
        if (first && means.test(local)) {
            return true;
        }
        ZoneOffsetTransition before = rules.previousTransition(at.plusNanos(1));
        if (before == null || !before.isGap()) {
            return false;
        }
        LocalDateTime unshifted = local.minus(before.getDuration());
        boolean inGap =
                !unshifted.isBefore(before.getDateTimeBefore()) && unshifted.isBefore(before.getDateTimeAfter());
        return inGap && means.test(unshifted);
    }

    private static void check(Change change, String text, Predicate<Instant> means) {
        Cron cron = Cron.parse(text);
        Instant start =
                change.transition().getInstant().minus(26, ChronoUnit.HOURS).truncatedTo(ChronoUnit.MINUTES);
        Instant end = start.plus(76, ChronoUnit.HOURS);
        List<Instant> expected = new ArrayList<>();
        for (Instant at = start; !at.isAfter(end); at = at.plusSeconds(60)) {
            if (means.test(at)) {
                expected.add(at);
            }
        }
        List<Instant> forward = new ArrayList<>();
        for (Instant at = cron.nextAfter(start.minusNanos(1), change.zone());
                !at.isAfter(end);
                at = cron.nextAfter(at, change.zone())) {
            forward.add(at);
        }
        List<Instant> backward = new ArrayList<>();
        for (Instant at = cron.lastUpTo(end, change.zone());
                !at.isBefore(start);
                at = cron.lastUpTo(at.minusNanos(1), change.zone())) {
            backward.addFirst(at);
        }
        assertThat(forward)
                .as("%s in %s around %s", text, change.zone(), change.transition())
                .isEqualTo(expected);
        assertThat(backward).as("backwards: %s in %s", text, change.zone()).isEqualTo(expected);
    }

    private static List<Change> changes() {
        Map<String, Change> changes = new TreeMap<>();
        for (String id : ZoneId.getAvailableZoneIds()) {
            ZoneId zone = ZoneId.of(id);
            collect(zone, FROM, TO, changes);
            collect(zone, FROM_TODAY, TO_TODAY, changes);
        }
        return List.copyOf(changes.values());
    }

    private static void collect(ZoneId zone, Instant from, Instant to, Map<String, Change> changes) {
        ZoneOffsetTransition change = zone.getRules().nextTransition(from);
        while (change != null && change.getInstant().isBefore(to)) {
            changes.putIfAbsent(change.getDateTimeBefore() + " " + change.getDuration(), new Change(zone, change));
            change = zone.getRules().nextTransition(change.getInstant());
        }
    }
}
