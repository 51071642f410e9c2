package dev.muster.coordinator.housekeeping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HousekeepingDeciderTest {
    private static final Retention RETENTION =
            new Retention(Duration.ofDays(30), Duration.ofDays(90), Duration.ofDays(20));
    private static final Instant NOON = Instant.parse("2026-03-31T12:00:00Z");
    private static final long START = Long.MAX_VALUE - 5; // the monotonic clock may overflow

    @Test
    void a_new_leader_looks_at_once_and_then_every_hour() {
        HousekeepingState state = HousekeepingDecider.begin(7, START);
        assertThat(HousekeepingDecider.isRoundDue(state, START)).isTrue();

        state = round(state, START);

        assertThat(HousekeepingDecider.isRoundDue(
                        state, START + Duration.ofMinutes(59).toNanos()))
                .isFalse();
        assertThat(HousekeepingDecider.isRoundDue(
                        state, START + Duration.ofMinutes(60).toNanos()))
                .isTrue();
    }

    @Test
    void partitions_are_made_for_today_and_three_days_more() {
        Partition there = new Partition(DailyTable.HISTORY, LocalDate.parse("2026-04-01"));

        List<Chore> chores = chores(survey(NOON, Map.of(), there));

        assertThat(of(Ensure.class, chores))
                .extracting(Ensure::partition)
                .containsExactly(
                        new Partition(DailyTable.HISTORY, LocalDate.parse("2026-03-31")),
                        new Partition(DailyTable.ATTEMPTS, LocalDate.parse("2026-03-31")),
                        new Partition(DailyTable.ATTEMPTS, LocalDate.parse("2026-04-01")),
                        new Partition(DailyTable.HISTORY, LocalDate.parse("2026-04-02")),
                        new Partition(DailyTable.ATTEMPTS, LocalDate.parse("2026-04-02")),
                        new Partition(DailyTable.HISTORY, LocalDate.parse("2026-04-03")),
                        new Partition(DailyTable.ATTEMPTS, LocalDate.parse("2026-04-03")));
        assertThat(chores.getFirst()).isInstanceOf(Ensure.class);
    }

    @Test
    void a_day_is_dropped_when_its_last_moment_is_older_than_the_retention() {
        Partition kept = new Partition(DailyTable.HISTORY, LocalDate.parse("2026-03-01"));
        Partition old = new Partition(DailyTable.HISTORY, LocalDate.parse("2026-02-28"));

        assertThat(of(Drop.class, chores(survey(NOON, Map.of(), old, kept)))).containsExactly(new Drop(old));
        assertThat(of(Drop.class, chores(survey(Instant.parse("2026-03-30T23:59:59Z"), Map.of(), old, kept))))
                .isEmpty();
    }

    @Test
    void rows_go_by_the_retention_of_their_kind() {
        List<SweepRows> sweeps = of(SweepRows.class, chores(survey(NOON, Map.of())));

        assertThat(sweeps)
                .containsExactlyInAnyOrder(
                        new SweepRows(Rows.INCIDENTS, Instant.parse("2025-12-31T12:00:00Z")),
                        new SweepRows(Rows.SUPERVISION, Instant.parse("2026-03-11T12:00:00Z")),
                        new SweepRows(Rows.REJECTED_WRITES, Instant.parse("2026-03-01T00:00:00Z")),
                        new SweepRows(Rows.INCARNATIONS, Instant.parse("2026-03-01T00:00:00Z")),
                        new SweepRows(Rows.REDRIVES, Instant.parse("2026-03-01T00:00:00Z")));
    }

    @Test
    void the_default_partitions_are_swept_where_they_hold_rows() {
        assertThat(of(SweepRows.class, chores(survey(NOON, Map.of(DailyTable.ATTEMPTS, 1L)))))
                .contains(new SweepRows(Rows.ATTEMPTS, Instant.parse("2026-03-01T00:00:00Z")))
                .extracting(SweepRows::rows)
                .doesNotContain(Rows.HISTORY);
    }

    @Test
    void hot_tables_are_looked_through_every_six_hours_after_everything_else() {
        HousekeepingState state = round(HousekeepingDecider.begin(7, START), START);
        assertThat(pages(state)).containsExactlyElementsOf(Arrays.asList(Pages.values()));
        assertThat(state.chores().reversed().subList(0, 3)).allMatch(SweepPages.class::isInstance);

        HousekeepingState empty = new HousekeepingState(7, state.roundDueNanos(), state.passDueNanos(), List.of());

        assertThat(pages(round(empty, START + Duration.ofHours(5).toNanos()))).isEmpty();
        assertThat(pages(round(empty, START + Duration.ofHours(6).toNanos()))).hasSize(3);
    }

    @Test
    void a_round_goes_before_what_is_left_of_a_pass_which_is_not_begun_anew() {
        SweepPages half = new SweepPages(Pages.INTENTS, NOON, 640);
        HousekeepingState state = new HousekeepingState(7, START, START, List.of(half));

        HousekeepingState next = round(state, START + Duration.ofDays(1).toNanos());

        assertThat(next.chores().getFirst()).isInstanceOf(Ensure.class);
        assertThat(of(SweepPages.class, next.chores())).containsExactly(half);
        assertThat(HousekeepingDecider.isRoundDone(next)).isFalse();
        assertThat(HousekeepingDecider.isRoundDone(state)).isTrue();
    }

    @Test
    void a_chore_that_failed_is_found_again_in_a_minute_and_the_others_get_their_turn() {
        HousekeepingState state = round(HousekeepingDecider.begin(7, START), START);
        Chore second = state.chores().get(1);

        HousekeepingState failed = HousekeepingDecider.failed(state, START);

        assertThat(failed.next()).contains(second);
        assertThat(HousekeepingDecider.isRoundDue(failed, START)).isFalse();
        assertThat(HousekeepingDecider.isRoundDue(
                        failed, START + Duration.ofMinutes(1).toNanos()))
                .isTrue();
        long soon = START + Duration.ofMinutes(59).toNanos() + 30_000_000_000L;
        assertThat(HousekeepingDecider.failed(state, soon).roundDueNanos())
                .as("never later than it was due")
                .isEqualTo(state.roundDueNanos());
    }

    @Test
    void a_look_through_a_table_that_failed_goes_on_where_it_was() {
        SweepPages half = new SweepPages(Pages.IDENTITIES, NOON, 640);
        SweepPages other = new SweepPages(Pages.INTENTS, NOON, 0);
        HousekeepingState state = new HousekeepingState(7, START, START, List.of(half, other));

        assertThat(HousekeepingDecider.failed(state, START).chores()).containsExactly(other, half);
        assertThat(HousekeepingDecider.goOn(state, new SweepPages(Pages.IDENTITIES, NOON, 704))
                        .chores())
                .containsExactly(new SweepPages(Pages.IDENTITIES, NOON, 704), other);
        assertThat(HousekeepingDecider.done(state).chores()).containsExactly(other);
    }

    @Test
    void retention_comes_from_the_settings() {
        assertThat(Retention.of(Settings.of(Map.of())))
                .isEqualTo(new Retention(Duration.ofDays(30), Duration.ofDays(90), Duration.ofDays(30)));
        assertThat(Retention.of(Settings.of(Map.of(
                        "muster.retention.history", "1d",
                        "muster.retention.incidents", "2h",
                        "muster.retention.supervision", "3m"))))
                .isEqualTo(new Retention(Duration.ofDays(1), Duration.ofHours(2), Duration.ofMinutes(3)));
        assertThatThrownBy(() -> Retention.of(Settings.of(Map.of("muster.retention.history", "23h"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("muster.retention.history");
    }

    private static List<Chore> chores(Survey survey) {
        return HousekeepingDecider.round(HousekeepingDecider.begin(7, START), survey, RETENTION, START)
                .chores();
    }

    private static HousekeepingState round(HousekeepingState state, long nowNanos) {
        return HousekeepingDecider.round(state, survey(NOON, Map.of()), RETENTION, nowNanos);
    }

    private static List<Pages> pages(HousekeepingState state) {
        return of(SweepPages.class, state.chores()).stream()
                .map(SweepPages::rows)
                .toList();
    }

    private static Survey survey(Instant now, Map<DailyTable, Long> inDefault, Partition... partitions) {
        return new Survey(now, List.of(partitions), inDefault);
    }

    private static <T extends Chore> List<T> of(Class<T> kind, List<Chore> chores) {
        List<T> found = new ArrayList<>();
        chores.stream().filter(kind::isInstance).map(kind::cast).forEach(found::add);
        return found;
    }
}
