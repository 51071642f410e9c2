package dev.muster.worker.lane;

import dev.muster.store.PartitionEpoch;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Ties the knot between lanes and intake, which know each other: named first, bound when both are made. Thread-safe. */
public final class LateIntake implements IntakePort {
    private volatile @Nullable IntakePort intake;

    /** Says who it is; before either of them runs. */
    public void bind(IntakePort port) {
        intake = port;
    }

    @Override
    public void resume(PartitionEpoch partition, long offset, int seek) {
        bound().resume(partition, offset, seek);
    }

    @Override
    public void hold(PartitionEpoch partition) {
        bound().hold(partition);
    }

    @Override
    public void claimed(PartitionEpoch partition, long offset) {
        bound().claimed(partition, offset);
    }

    @Override
    public void demand() {
        bound().demand();
    }

    private IntakePort bound() {
        return Objects.requireNonNull(intake, "a lane spoke to intake before the worker was put together");
    }
}
