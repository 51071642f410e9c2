package dev.muster.worker.trust;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class AbsenceJudgeTest {
    private static final Duration FRESH = Duration.ofSeconds(3);
    private static final Incarnation A = new Incarnation("a.1");
    private static final Incarnation B = new Incarnation("b.1");

    private final AbsenceJudge judge = new AbsenceJudge(FRESH, 0);

    @Test
    void who_is_absent_in_two_reads_a_second_apart_is_dead() {
        passFreshWindow();

        assertThat(judge.judge(Set.of(A), Set.of(), millis(3_500))).isEmpty();
        assertThat(judge.judge(Set.of(A), Set.of(), millis(4_400))).isEmpty();
        assertThat(judge.judge(Set.of(A), Set.of(), millis(4_500))).containsExactly(A);
    }

    @Test
    void the_second_read_is_due_a_second_after_the_first() {
        passFreshWindow();
        judge.judge(Set.of(A), Set.of(), millis(3_500));

        assertThat(judge.isDue(millis(4_499))).isFalse();
        assertThat(judge.isDue(millis(4_500))).isTrue();
        judge.judge(Set.of(A), Set.of(), millis(4_500));
        assertThat(judge.isDue(millis(4_600))).as("it was proven").isFalse();
    }

    @Test
    void a_member_is_alive_whatever_it_has_left_unreleased() {
        passFreshWindow();

        assertThat(judge.judge(Set.of(A), Set.of(A.id()), millis(3_500))).isEmpty();
        assertThat(judge.judge(Set.of(A), Set.of(A.id()), millis(4_600))).isEmpty();
    }

    @Test
    void who_comes_back_starts_with_a_clean_sheet() {
        passFreshWindow();
        judge.judge(Set.of(A), Set.of(), millis(3_500));
        judge.judge(Set.of(A), Set.of(A.id()), millis(4_000));

        assertThat(judge.judge(Set.of(A), Set.of(), millis(4_600))).isEmpty();
        assertThat(judge.judge(Set.of(A), Set.of(), millis(5_600))).containsExactly(A);
    }

    @Test
    void nobody_is_judged_within_the_own_fresh_window() {
        for (int at = 500; at <= 2_900; at += 800) {
            assertThat(judge.judge(Set.of(A), Set.of(), millis(at))).isEmpty();
        }
        assertThat(judge.judge(Set.of(A), Set.of(), millis(3_100)))
                .as("what was seen before counts for nothing")
                .isEmpty();
        assertThat(judge.judge(Set.of(A), Set.of(), millis(4_100))).containsExactly(A);
    }

    /** A pause that expelled everybody, this worker included, makes nobody dead. */
    @Test
    void after_an_own_pause_everybody_gets_a_fresh_window() {
        passFreshWindow();
        judge.judge(Set.of(A), Set.of(), millis(3_500));

        for (int at = 5_001; at < 8_001 + 1_000; at += 500) {
            assertThat(judge.judge(Set.of(A), Set.of(), millis(at)))
                    .as("at %d ms", at)
                    .isEmpty();
        }
        assertThat(judge.judge(Set.of(A), Set.of(), millis(9_001))).containsExactly(A);
    }

    /** A drain lease may have ended in it that its owner renews at the same moment. */
    @Test
    void a_pause_between_judging_and_acting_is_seen() {
        passFreshWindow();
        judge.judge(Set.of(A), Set.of(), millis(3_500));
        assertThat(judge.judge(Set.of(A), Set.of(), millis(4_500))).containsExactly(A);

        assertThat(judge.wasAwake(millis(6_000))).isTrue();
        assertThat(judge.wasAwake(millis(7_501))).isFalse();
        assertThat(judge.judge(Set.of(A), Set.of(), millis(7_502))).isEmpty();
    }

    /** While nothing is read, since there is no suspect or no answer, the signs of life go on. */
    @Test
    void a_read_that_comes_late_is_no_pause() {
        passFreshWindow();
        judge.judge(Set.of(A), Set.of(), millis(3_500));
        assertThat(judge.wasAwake(millis(4_500))).isTrue();

        assertThat(judge.judge(Set.of(A), Set.of(), millis(5_500))).containsExactly(A);
    }

    @Test
    void who_is_no_suspect_any_more_is_forgotten() {
        passFreshWindow();
        judge.judge(Set.of(A, B), Set.of(), millis(3_500));
        judge.judge(Set.of(B), Set.of(), millis(4_000));

        assertThat(judge.judge(Set.of(A, B), Set.of(), millis(4_600))).containsExactly(B);
    }

    private void passFreshWindow() {
        for (int at = 500; at <= 3_000; at += 500) {
            judge.judge(Set.of(), Set.of(), millis(at));
        }
    }

    private static long millis(long millis) {
        return Duration.ofMillis(millis).toNanos();
    }
}
