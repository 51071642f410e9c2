package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class SlotsTest {

    @Test
    void it_grants_what_is_free_and_no_more() {
        Slots slots = new Slots(3);

        assertThat(slots.take(2)).isEqualTo(2);
        assertThat(slots.take(2)).isEqualTo(1);
        assertThat(slots.take(2)).isZero();
        slots.release(2);
        assertThat(slots.free()).isEqualTo(2);
    }

    @Test
    void adopted_jobs_run_above_the_limit_and_nothing_new_starts_until_they_are_below_it() {
        Slots slots = new Slots(2);
        slots.takeAnyway(4);

        assertThat(slots.free()).isZero();
        assertThat(slots.take(1)).isZero();
        slots.release(2);
        assertThat(slots.take(1)).isZero();
        slots.release(1);
        assertThat(slots.take(1)).isEqualTo(1);
    }

    @Test
    void a_slot_that_was_never_taken_can_not_be_given_back() {
        Slots slots = new Slots(1);

        assertThatThrownBy(() -> slots.release(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new Slots(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
