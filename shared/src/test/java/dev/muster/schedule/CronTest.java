package dev.muster.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final ZoneId UTC = ZoneId.of("UTC");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "* * * * *          | 2026-11-22T10:00:00Z | 2026-11-22T10:01:00Z",
                "*/15 * * * *       | 2026-11-22T10:07:30Z | 2026-11-22T10:15:00Z",
                "10-40/15 * * * *   | 2026-11-22T10:26:00Z | 2026-11-22T10:40:00Z",
                "5,35 8-10 * * *    | 2026-11-22T10:35:00Z | 2026-11-23T08:05:00Z",
                "0 9 * * mon-FRI    | 2026-11-20T09:00:00Z | 2026-11-23T09:00:00Z",
                "0 9 * * 7          | 2026-11-20T09:00:00Z | 2026-11-22T09:00:00Z",
                "0 9 * * sat-sun    | 2026-11-21T09:00:00Z | 2026-11-22T09:00:00Z",
                "0 0 1 jan,Jul *    | 2026-11-22T10:00:00Z | 2027-01-01T00:00:00Z",
                "0 0 29 2 *         | 2096-03-01T00:00:00Z | 2104-02-29T00:00:00Z",
                "0 0 31 * *         | 2026-11-01T00:00:00Z | 2026-12-31T00:00:00Z",
                "@daily             | 2026-11-22T10:00:00Z | 2026-11-23T00:00:00Z",
                "@Weekly            | 2026-11-21T00:00:00Z | 2026-11-22T00:00:00Z",
            })
    void next_time(String text, Instant after, Instant next) {
        assertThat(Cron.parse(text).nextAfter(after, UTC)).isEqualTo(next);
    }

    @Test
    void restricted_days_of_month_and_week_need_match_only_once() {
        Cron cron = Cron.parse("0 0 13 * fri");

        assertThat(times(cron, "2026-11-01T00:00:00Z", UTC, 3))
                .containsExactly(
                        Instant.parse("2026-11-06T00:00:00Z"),
                        Instant.parse("2026-11-13T00:00:00Z"),
                        Instant.parse("2026-11-20T00:00:00Z"));
    }

    @Test
    void a_star_in_one_of_the_day_fields_makes_both_count() {
        assertThat(Cron.parse("0 0 */2 * mon").nextAfter(Instant.parse("2026-11-03T00:00:00Z"), UTC))
                .isEqualTo("2026-11-09T00:00:00Z");
    }

    @Test
    void a_fixed_time_that_does_not_exist_fires_as_much_later_as_the_clock_was_moved() {
        assertThat(times(Cron.parse("30 2 * * *"), "2027-03-27T12:00:00Z", BERLIN, 2))
                .containsExactly(
                        Instant.parse("2027-03-28T01:30:00Z"), // 03:30 in summer time
                        Instant.parse("2027-03-29T00:30:00Z"));
    }

    @Test
    void two_fixed_times_that_a_gap_makes_one_fire_once() {
        assertThat(times(Cron.parse("30 2,3 * * *"), "2027-03-27T12:00:00Z", BERLIN, 2))
                .containsExactly(Instant.parse("2027-03-28T01:30:00Z"), Instant.parse("2027-03-29T00:30:00Z"));
    }

    @Test
    void a_fixed_time_that_exists_twice_fires_the_first_time_only() {
        assertThat(times(Cron.parse("30 2 * * *"), "2026-10-24T12:00:00Z", BERLIN, 2))
                .containsExactly(
                        Instant.parse("2026-10-25T00:30:00Z"), // 02:30 in summer time
                        Instant.parse("2026-10-26T01:30:00Z"));
    }

    @Test
    void an_hourly_expression_follows_the_instants_through_both_changes() {
        Cron hourly = Cron.parse("0 * * * *");

        assertThat(times(hourly, "2027-03-28T00:00:00Z", BERLIN, 2))
                .containsExactly(Instant.parse("2027-03-28T01:00:00Z"), Instant.parse("2027-03-28T02:00:00Z"));
        assertThat(times(hourly, "2026-10-24T23:00:00Z", BERLIN, 3))
                .containsExactly(
                        Instant.parse("2026-10-25T00:00:00Z"),
                        Instant.parse("2026-10-25T01:00:00Z"),
                        Instant.parse("2026-10-25T02:00:00Z"));
    }

    @Test
    void the_day_that_samoa_skipped_fires_a_day_later() {
        assertThat(Cron.parse("0 12 30 12 *")
                        .nextAfter(Instant.parse("2011-12-01T00:00:00Z"), ZoneId.of("Pacific/Apia")))
                .isEqualTo("2011-12-30T22:00:00Z"); // noon of the 31st, local time
    }

    @Test
    void the_last_time_may_be_the_instant_itself() {
        Cron cron = Cron.parse("0 9 * * *");
        Instant nine = Instant.parse("2026-11-22T09:00:00Z");

        assertThat(cron.lastUpTo(nine, UTC)).isEqualTo(nine);
        assertThat(cron.lastUpTo(nine.minusNanos(1), UTC)).isEqualTo("2026-11-21T09:00:00Z");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "* * * *",
                "* * * * * *",
                "60 * * * *",
                "* 24 * * *",
                "* * 0 * *",
                "* * * 13 *",
                "* * * * 8",
                "5/10 * * * *",
                "*/0 * * * *",
                "10-5 * * * *",
                "a * * * *",
                "1,,2 * * * *",
                "-1 * * * *",
                "* * L * *",
                "* * ? * *",
                "@reboot",
                "0 0 30 2 *",
                "0 0 31 4,6 *",
                "٣ * * * *",
            })
    void what_can_not_be_read_or_never_fires_is_refused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cron.parse(text));
    }

    @Test
    void a_refusal_names_field_value_and_reason() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cron.parse("0 9 * * mon-xyz"))
                .withMessage("the day of week \"mon-xyz\" can't be read: neither a number nor a name");
    }

    private static List<Instant> times(Cron cron, String after, ZoneId zone, int count) {
        List<Instant> times = new ArrayList<>();
        Instant at = Instant.parse(after);
        for (int i = 0; i < count; i++) {
            at = cron.nextAfter(at, zone);
            times.add(at);
        }
        return times;
    }
}
