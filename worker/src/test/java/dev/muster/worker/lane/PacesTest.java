package dev.muster.worker.lane;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PacesTest {
    private static final long MILLI = 1_000_000;

    private final Paces paces = new Paces(new LaneParts.Early(List.of("quick", "slow"), Duration.ofMillis(50)));

    @Test
    void nobody_is_started_with_others_before_it_is_known_how_long_it_takes() {
        assertThat(paces.groups()).isEmpty();
    }

    @Test
    void as_many_are_started_as_are_over_in_time() {
        ran("slow", 20 * MILLI, 500, Outcome.Verdict.SUCCEEDED);
        ran("quick", MILLI / 10, 2_000, Outcome.Verdict.SUCCEEDED);

        assertThat(paces.groups()).containsEntry("slow", 2).containsEntry("quick", 250);
    }

    @Test
    void what_takes_longer_than_the_time_or_is_strict_is_started_alone() {
        ran("slow", 51 * MILLI, 10, Outcome.Verdict.SUCCEEDED);
        ran("strict", 1, 10, Outcome.Verdict.SUCCEEDED);

        assertThat(paces.groups()).isEmpty();
    }

    @Test
    void fewer_are_started_of_what_does_not_succeed() {
        ran("quick", MILLI / 10, 2_000, Outcome.Verdict.SUCCEEDED);
        ran("quick", MILLI / 10, 1, Outcome.Verdict.DECLINED);
        assertThat(paces.groups()).containsEntry("quick", 125);

        ran("quick", MILLI / 10, 10, Outcome.Verdict.RETRIED);
        assertThat(paces.groups()).isEmpty();
    }

    @Test
    void after_trouble_they_are_started_one_by_one() {
        ran("quick", MILLI, 500, Outcome.Verdict.SUCCEEDED);

        paces.reset();

        assertThat(paces.groups()).isEmpty();
    }

    private void ran(String type, long took, int times, Outcome.Verdict verdict) {
        for (int i = 0; i < times; i++) {
            paces.ran(type, took, verdict);
        }
    }
}
