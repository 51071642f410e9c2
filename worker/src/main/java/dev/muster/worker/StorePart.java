package dev.muster.worker;

import dev.muster.worker.execution.Slots;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.lane.Lane;
import java.util.List;

/**
 * One life of the store part: the lanes, and what they count together, which starts from zero with them. What ran under
 * an earlier life, the census finds.
 */
record StorePart(Slots slots, Demand demand, List<Lane> lanes) {
    StorePart {
        lanes = List.copyOf(lanes);
    }

    /** Before the first life: nothing is taken, and there is nobody to tell. */
    static StorePart none(int slots) {
        return new StorePart(new Slots(slots), new Demand(slots), List.of());
    }
}
