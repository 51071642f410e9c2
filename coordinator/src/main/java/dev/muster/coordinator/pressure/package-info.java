/** How far the queues lag. */
@NullMarked
package dev.muster.coordinator.pressure;

import org.jspecify.annotations.NullMarked;
