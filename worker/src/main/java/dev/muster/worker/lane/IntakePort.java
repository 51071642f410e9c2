package dev.muster.worker.lane;

import dev.muster.store.PartitionEpoch;

/** What a lane tells the poll loop. Thread-safe; never waits. */
public interface IntakePort {

    /**
     * The partition is ours in Postgres: read on at {@code offset}.
     *
     * @param seek comes back with what is read from there, so that it is told from what was read before
     */
    void resume(PartitionEpoch partition, long offset, int seek);

    /** Don't read on until {@link #resume}: what it has could not be started now. */
    void hold(PartitionEpoch partition);

    /** Records below {@code offset} are durable: Kafka's committed offset may follow. */
    void claimed(PartitionEpoch partition, long offset);

    /** Room was made: poll, if you were waiting for it. */
    void demand();
}
