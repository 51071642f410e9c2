package dev.muster.local.drill;

import static dev.muster.local.drill.FiguresTest.at;
import static dev.muster.local.drill.FiguresTest.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.store.AuditReader.FinalJob;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WaitsTest {
    @Test
    void the_longest_wait_beyond_the_own_run_time_counts() {
        List<FinalJob> jobs = List.of(
                job("quick", 0, 1_000, 1_010, 1_020, 1_320),
                job("late", 1, 1_000, 2_400, 2_500, 2_800), // waits 1,500 ms, runs 300
                job("earlier round", 2, 0, 5_000, 5_000, 5_100));

        assertThat(Waits.longest(jobs, at(900), at(3_000)))
                .map(Waits.Wait::excess)
                .contains(Duration.ofMillis(1_200));
    }

    @Test
    void the_wait_for_the_turn_in_a_key_is_no_wait() {
        List<FinalJob> jobs = List.of(keyed(0, 1_000, 1_010, 3_000), keyed(1, 1_100, 3_050, 3_060));

        assertThat(Waits.longest(jobs, at(900), at(3_000)))
                .map(Waits.Wait::excess)
                .contains(Duration.ofMillis(40));
    }

    @Test
    void where_nothing_was_submitted_there_is_no_wait() {
        assertThat(Waits.longest(List.of(), at(0), at(1))).isEmpty();
    }

    private static FinalJob keyed(int offset, int submitted, int entered, int settled) {
        return new FinalJob(
                JobId.of("test", "keyed-" + offset),
                "q",
                Optional.of("k"),
                offset,
                JobState.SUCCEEDED,
                1,
                Optional.of(at(entered)),
                Optional.of(at(entered)),
                at(submitted),
                at(submitted),
                at(settled));
    }
}
