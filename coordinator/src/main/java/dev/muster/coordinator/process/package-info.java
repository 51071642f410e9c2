/** A worker's process on this host: what it is and how it ended. A leaf: who starts workers and who ends them know it. */
@NullMarked
package dev.muster.coordinator.process;

import org.jspecify.annotations.NullMarked;
