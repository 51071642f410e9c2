package dev.muster.coordinator.housekeeping;

import dev.muster.coordinator.housekeeping.Chore.Drop;
import dev.muster.coordinator.housekeeping.Chore.Ensure;
import dev.muster.coordinator.housekeeping.Chore.SweepPages;
import dev.muster.coordinator.housekeeping.Chore.SweepRows;
import dev.muster.store.HousekeepingStore.DailyTable;
import dev.muster.store.HousekeepingStore.Pages;
import dev.muster.store.HousekeepingStore.Partition;
import dev.muster.store.HousekeepingStore.Rows;
import dev.muster.store.HousekeepingStore.Survey;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides what is to be kept house of, and when. A round, at the beginning of a leader's time and hourly, makes and drops
 * partitions and removes rows; a pass, every six hours, looks through the tables that have no index for it. What a round
 * wants goes before what is left of a pass. Pure.
 */
final class HousekeepingDecider {
    static final Duration ROUND = Duration.ofHours(1);
    static final Duration PASS = Duration.ofHours(6);
    /** After a chore that failed: a lock was held, or Postgres was away. */
    static final Duration AGAIN = Duration.ofMinutes(1);
    /** A coordinator may be away for so many days before rows come to lie in the default partition. */
    static final int AHEAD = 3;

    static final int BATCH = 2_000;

    private HousekeepingDecider() {}

    /** Everything is due. */
    static HousekeepingState begin(long epoch, long nowNanos) {
        return new HousekeepingState(epoch, nowNanos, nowNanos, List.of());
    }

    /** Whether a survey is wanted. */
    static boolean isRoundDue(HousekeepingState state, long nowNanos) {
        return nowNanos - state.roundDueNanos() >= 0;
    }

    /** A round: what is to be done by this survey. */
    static HousekeepingState round(HousekeepingState state, Survey survey, Retention retention, long nowNanos) {
        List<Chore> chores = new ArrayList<>(missing(survey));
        chores.addAll(old(survey, retention));
        chores.addAll(rows(survey, retention));
        List<Chore> pass =
                state.chores().stream().filter(SweepPages.class::isInstance).toList();
        boolean passIsDue = pass.isEmpty() && nowNanos - state.passDueNanos() >= 0;
        chores.addAll(passIsDue ? pages(survey, retention) : pass);
        return new HousekeepingState(
                state.epoch(),
                nowNanos + ROUND.toNanos(),
                passIsDue ? nowNanos + PASS.toNanos() : state.passDueNanos(),
                chores);
    }

    /** The first chore is over. */
    static HousekeepingState done(HousekeepingState state) {
        return with(state, rest(state));
    }

    /** The first chore took one step; it goes on there. */
    static HousekeepingState goOn(HousekeepingState state, Chore next) {
        List<Chore> chores = new ArrayList<>(List.of(next));
        chores.addAll(rest(state));
        return with(state, chores);
    }

    /** The first chore failed: a round in a minute finds it again, a look through a table goes on after the others. */
    static HousekeepingState failed(HousekeepingState state, long nowNanos) {
        List<Chore> chores = new ArrayList<>(rest(state));
        state.next().filter(SweepPages.class::isInstance).ifPresent(chores::add);
        long again = nowNanos + AGAIN.toNanos();
        long due = state.roundDueNanos() - again < 0 ? state.roundDueNanos() : again;
        return new HousekeepingState(state.epoch(), due, state.passDueNanos(), chores);
    }

    /** True when nothing of a round is left; a pass may go on. */
    static boolean isRoundDone(HousekeepingState state) {
        return state.chores().stream().allMatch(SweepPages.class::isInstance);
    }

    private static List<Chore> missing(Survey survey) {
        List<Chore> chores = new ArrayList<>();
        for (int days = 0; days <= AHEAD; days++) {
            for (DailyTable table : DailyTable.values()) {
                Partition partition = new Partition(table, day(survey.now()).plusDays(days));
                if (!survey.partitions().contains(partition)) {
                    chores.add(new Ensure(partition));
                }
            }
        }
        return chores;
    }

    /** A day goes when its last moment is older than the retention. */
    private static List<Chore> old(Survey survey, Retention retention) {
        LocalDate first = firstKept(survey, retention);
        return survey.partitions().stream()
                .filter(partition -> partition.day().isBefore(first))
                .<Chore>map(Drop::new)
                .toList();
    }

    private static List<Chore> rows(Survey survey, Retention retention) {
        Instant history = historyBefore(survey, retention);
        List<Chore> chores = new ArrayList<>();
        for (Rows rows : Rows.values()) {
            switch (rows) {
                case INCIDENTS -> chores.add(new SweepRows(rows, survey.now().minus(retention.incidents())));
                case SUPERVISION -> chores.add(new SweepRows(rows, survey.now().minus(retention.supervision())));
                case REJECTED_WRITES, INCARNATIONS, REDRIVES -> chores.add(new SweepRows(rows, history));
                case HISTORY -> {
                    if (holds(survey, DailyTable.HISTORY)) {
                        chores.add(new SweepRows(rows, history));
                    }
                }
                case ATTEMPTS -> {
                    if (holds(survey, DailyTable.ATTEMPTS)) {
                        chores.add(new SweepRows(rows, history));
                    }
                }
            }
        }
        return chores;
    }

    private static List<Chore> pages(Survey survey, Retention retention) {
        List<Chore> chores = new ArrayList<>();
        for (Pages rows : Pages.values()) {
            chores.add(
                    switch (rows) {
                        // Each queue's own window counts back from now.
                        case IDENTITIES -> new SweepPages(rows, survey.now(), 0);
                        case INTENTS, DUPLICATES -> new SweepPages(rows, historyBefore(survey, retention), 0);
                    });
        }
        return chores;
    }

    private static boolean holds(Survey survey, DailyTable table) {
        return survey.inDefault().getOrDefault(table, 0L) > 0;
    }

    private static Instant historyBefore(Survey survey, Retention retention) {
        return firstKept(survey, retention).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    private static LocalDate firstKept(Survey survey, Retention retention) {
        return day(survey.now().minus(retention.history()));
    }

    private static LocalDate day(Instant at) {
        return LocalDate.ofInstant(at, ZoneOffset.UTC);
    }

    private static List<Chore> rest(HousekeepingState state) {
        return state.chores().subList(1, state.chores().size());
    }

    private static HousekeepingState with(HousekeepingState state, List<Chore> chores) {
        return new HousekeepingState(state.epoch(), state.roundDueNanos(), state.passDueNanos(), chores);
    }
}
