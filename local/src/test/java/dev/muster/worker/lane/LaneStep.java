package dev.muster.worker.lane;

/** A lane whose thread is a simulation's: what {@link Lane#run} does, one step at a time. */
public final class LaneStep {
    private final Lane lane;

    public LaneStep(Lane lane) {
        this.lane = lane;
    }

    public Lane lane() {
        return lane;
    }

    /** True if it was told something that it has not heard yet. */
    public boolean isTold() {
        return lane.isTold();
    }

    /** How long there is nothing to do but to listen, in ns. */
    public long rest() {
        return lane.rest();
    }

    /** Hears what it was told, and does what is due. */
    public void turn() {
        lane.turn();
    }

    /** Its end, also when it breaks down. */
    public void end() {
        lane.abandon();
    }
}
