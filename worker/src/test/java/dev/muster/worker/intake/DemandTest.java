package dev.muster.worker.intake;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DemandTest {
    private final Demand demand = new Demand(10);

    @Test
    void it_is_met_by_as_many_records_as_there_are_slots_and_low_at_half_of_them() {
        assertThat(demand.isLow("q")).isTrue();
        demand.buffered("q", 9);
        assertThat(demand.isMet("q")).isFalse();
        demand.buffered("q", 1);
        assertThat(demand.isMet("q")).isTrue();
        demand.buffered("q", -4);
        assertThat(demand.isLow("q")).isFalse();
        demand.buffered("q", -1);
        assertThat(demand.isLow("q")).isTrue();
    }

    @Test
    void the_flood_of_one_queue_keeps_no_other_from_being_polled() {
        demand.buffered("flood", 1_000);

        assertThat(demand.isMet("flood")).isTrue();
        assertThat(demand.isLow("q")).isTrue();
    }

    @Test
    void one_slot_is_served_too() {
        Demand single = new Demand(1);
        single.buffered("q", 1);
        assertThat(single.isMet("q")).isTrue();
        assertThat(single.isLow("q")).isFalse();
    }
}
