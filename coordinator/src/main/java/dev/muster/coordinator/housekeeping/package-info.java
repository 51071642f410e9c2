/** Keeps the tables small: partitions made ahead and dropped when they are old, rows removed when they are over. */
@NullMarked
package dev.muster.coordinator.housekeeping;

import org.jspecify.annotations.NullMarked;
