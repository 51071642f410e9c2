package dev.muster.worker.lane;

import dev.muster.store.PartitionEpoch;

/**
 * The poll loop as the lanes see it: another life of it after each restart, and none for moments. What is said while
 * there is none is lost, and may be: the next one gets its partitions anew, under a higher epoch. Thread-safe.
 */
public final class LateIntake implements IntakePort {
    private volatile IntakePort intake = new Nobody();

    /** Says who it is from now on; before that one runs. */
    public void bind(IntakePort port) {
        intake = port;
    }

    @Override
    public void resume(PartitionEpoch partition, long offset, int seek) {
        intake.resume(partition, offset, seek);
    }

    @Override
    public void hold(PartitionEpoch partition) {
        intake.hold(partition);
    }

    @Override
    public void claimed(PartitionEpoch partition, long offset) {
        intake.claimed(partition, offset);
    }

    @Override
    public void demand() {
        intake.demand();
    }

    private record Nobody() implements IntakePort {
        @Override
        public void resume(PartitionEpoch partition, long offset, int seek) {}

        @Override
        public void hold(PartitionEpoch partition) {}

        @Override
        public void claimed(PartitionEpoch partition, long offset) {}

        @Override
        public void demand() {}
    }
}
