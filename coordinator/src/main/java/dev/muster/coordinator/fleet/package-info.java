/** The workers' processes: who starts them, and the loop that keeps them running. */
@NullMarked
package dev.muster.coordinator.fleet;

import org.jspecify.annotations.NullMarked;
