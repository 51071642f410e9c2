package dev.muster.local.drill;

import static dev.muster.local.drill.FiguresTest.at;
import static dev.muster.local.drill.FiguresTest.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.AuditReader.FinalJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BacklogTest {
    private static final Duration CALM = Duration.ofSeconds(3);

    /** One every 100 ms that takes 250 ms: two or three are unfinished. */
    private static List<FinalJob> steady(int untilMs) {
        List<FinalJob> jobs = new ArrayList<>();
        for (int ms = 0; ms < untilMs; ms += 100) {
            jobs.add(job("steady-" + ms, 0, ms, ms, ms, ms + 250));
        }
        return jobs;
    }

    @Test
    void it_is_back_when_after_the_peak_no_more_are_unfinished_than_before() {
        List<FinalJob> jobs = steady(20_000);
        for (int i = 0; i < 5; i++) {
            jobs.add(job("held-" + i, 0, 10_010 + i, 10_500, 10_500, 11_000 + 200 * i));
        }

        Duration back = new Backlog(jobs).backToNormal(at(10_000), CALM, at(20_000));

        assertThat(back).isEqualTo(Duration.ofMillis(1_650)); // one is still held, beside two as ever: three, as before
    }

    @Test
    void a_fault_that_holds_nothing_up_leaves_no_backlog() {
        assertThat(new Backlog(steady(20_000)).backToNormal(at(10_020), CALM, at(20_000)))
                .isZero();
    }

    @Test
    void one_that_does_not_come_back_lasts_to_the_end() {
        List<FinalJob> jobs = steady(20_000);
        for (int i = 0; i < 5; i++) {
            jobs.add(job("held-" + i, 0, 10_010 + i, 10_500, 10_500, 30_000));
        }

        assertThat(new Backlog(jobs).backToNormal(at(10_000), CALM, at(15_000))).isEqualTo(Duration.ofSeconds(5));
    }
}
