package dev.muster.worker.intake;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DemandTest {
    private final Demand demand = new Demand(10);

    @Test
    void it_is_met_by_as_many_records_as_there_are_slots_and_low_at_half_of_them() {
        assertThat(demand.isLow()).isTrue();
        demand.buffered(9);
        assertThat(demand.isMet()).isFalse();
        demand.buffered(1);
        assertThat(demand.isMet()).isTrue();
        demand.buffered(-4);
        assertThat(demand.isLow()).isFalse();
        demand.buffered(-1);
        assertThat(demand.isLow()).isTrue();
    }

    @Test
    void one_slot_is_served_too() {
        Demand single = new Demand(1);
        single.buffered(1);
        assertThat(single.isMet()).isTrue();
        assertThat(single.isLow()).isFalse();
    }
}
