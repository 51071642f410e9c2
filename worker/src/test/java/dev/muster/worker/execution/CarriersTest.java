package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How many threads carry the virtual ones; that it helps against real loops, {@code PoisonIT} shows. */
final class CarriersTest {

    @Test
    void there_are_twice_as_many_when_nothing_got_to_run() {
        assertThat(Carriers.next(2, 2, false, 2)).isEqualTo(4);
        assertThat(Carriers.next(4, 2, false, 4)).isEqualTo(8);
    }

    @Test
    void there_is_an_end_to_it() {
        assertThat(Carriers.next(200, 2, false, 200)).isEqualTo(256);
        assertThat(Carriers.next(256, 2, false, 256)).isEqualTo(256);
        assertThat(Carriers.next(300, 300, false, 300))
                .as("a machine with more processors")
                .isEqualTo(300);
    }

    @Test
    void they_become_fewer_while_most_are_idle_but_not_fewer_than_at_first() {
        assertThat(Carriers.next(8, 2, true, 3)).isEqualTo(7);
        assertThat(Carriers.next(8, 2, true, 4)).isEqualTo(8);
        assertThat(Carriers.next(2, 2, true, 0)).isEqualTo(2);
    }
}
