package dev.muster.coordinator.housekeeping;

import dev.muster.store.HousekeepingStore.Pages;
import dev.muster.store.HousekeepingStore.Partition;
import dev.muster.store.HousekeepingStore.Rows;
import java.time.Instant;

/** A thing to do, one short statement at a time. */
sealed interface Chore {
    /** Makes a partition before its day comes. */
    record Ensure(Partition partition) implements Chore {}

    /** Drops a partition whose day is too long ago. */
    record Drop(Partition partition) implements Chore {}

    /** Removes rows that were over before a time, until none is left. */
    record SweepRows(Rows rows, Instant before) implements Chore {}

    /** Looks through a table once, from a page on. */
    record SweepPages(Pages rows, Instant before, long page) implements Chore {}
}
