package dev.muster.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FiringsTest {
    private static final Instant NINE = Instant.parse("2026-11-22T09:00:00Z");

    @ParameterizedTest
    @EnumSource(Missed.class)
    void a_time_that_is_on_time_fires_under_every_policy(Missed missed) {
        Firings firings = Firings.of(daily(missed), NINE, NINE.plusMillis(120));

        assertThat(firings).isEqualTo(new Firings(List.of(NINE), at("2026-11-23T09:00:00Z"), false));
    }

    @ParameterizedTest
    @EnumSource(Missed.class)
    void a_minute_late_is_not_missed(Missed missed) {
        assertThat(Firings.of(daily(missed), NINE, NINE.plus(Firings.MISSED_AFTER))
                        .times())
                .containsExactly(NINE);
    }

    @Test
    void skip_leaves_missed_times_out() {
        Firings firings = Firings.of(daily(Missed.SKIP), NINE, at("2026-11-25T12:00:00Z"));

        assertThat(firings).isEqualTo(new Firings(List.of(), at("2026-11-26T09:00:00Z"), true));
    }

    @Test
    void once_makes_up_for_the_latest_missed_time() {
        Firings firings = Firings.of(daily(Missed.ONCE), NINE, at("2026-11-25T12:00:00Z"));

        assertThat(firings)
                .isEqualTo(new Firings(List.of(at("2026-11-25T09:00:00Z")), at("2026-11-26T09:00:00Z"), true));
    }

    @Test
    void once_is_satisfied_by_a_time_that_is_on_time() {
        Firings firings = Firings.of(daily(Missed.ONCE), NINE, at("2026-11-25T09:00:01Z"));

        assertThat(firings.times()).containsExactly(at("2026-11-25T09:00:00Z"));
        assertThat(firings.skipped()).isTrue();
    }

    @Test
    void all_makes_up_for_each_oldest_first() {
        Firings firings = Firings.of(daily(Missed.ALL), NINE, at("2026-11-24T12:00:00Z"));

        assertThat(firings)
                .isEqualTo(new Firings(
                        List.of(NINE, at("2026-11-23T09:00:00Z"), at("2026-11-24T09:00:00Z")),
                        at("2026-11-25T09:00:00Z"),
                        false));
    }

    @Test
    void all_is_bounded_to_the_latest_hundred() {
        Timing everyMinute = new Timing("* * * * *", "UTC", Missed.ALL);

        Firings firings = Firings.of(everyMinute, NINE, at("2026-11-23T09:00:30Z"));

        assertThat(firings.times()).hasSize(Firings.MOST).isSorted();
        assertThat(firings.times().getLast()).isEqualTo("2026-11-23T09:00:00Z");
        assertThat(firings.skipped()).isTrue();
    }

    @Test
    void a_time_that_is_none_any_more_is_replaced_by_the_next_one() {
        // The zone's rules have changed since it was computed: nine is now an hour later.
        Firings firings = Firings.of(daily(Missed.ONCE), NINE.minusSeconds(3600), NINE.minusSeconds(3500));

        assertThat(firings).isEqualTo(new Firings(List.of(), NINE, false));
    }

    private static Timing daily(Missed missed) {
        return new Timing("0 9 * * *", "UTC", missed).checked();
    }

    private static Instant at(String text) {
        return Instant.parse(text);
    }
}
