package dev.muster.worker.lane;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TurnsTest {
    private static final long T0 = -7L;
    private static final long STEP = Turns.STEP.toNanos();

    @Test
    void outside_of_quarantine_all_are_started() {
        assertThat(new Turns(false).next(12, 3, T0)).isEqualTo(12);
    }

    @Test
    void in_quarantine_the_next_is_started_when_the_one_before_has_ended() {
        Turns turns = new Turns(true);

        assertThat(turns.next(3, 0, T0)).isEqualTo(1);
        assertThat(turns.next(2, 1, T0 + 1)).isZero();
        assertThat(turns.next(2, 0, T0 + 2)).isEqualTo(1);
    }

    @Test
    void one_that_takes_its_time_gets_company_step_by_step() {
        Turns turns = new Turns(true);
        turns.next(3, 0, T0);

        assertThat(turns.next(2, 1, T0 + STEP - 1)).isZero();
        assertThat(turns.next(2, 1, T0 + STEP)).isEqualTo(1);
        assertThat(turns.next(1, 2, T0 + STEP + 1)).isZero();
        assertThat(turns.next(1, 2, T0 + 2 * STEP)).isEqualTo(1);
        assertThat(turns.next(0, 3, T0 + 3 * STEP)).isZero();
    }
}
