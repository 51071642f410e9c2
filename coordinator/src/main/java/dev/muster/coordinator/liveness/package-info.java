/** Who is alive: a pure decider over heartbeats, and the loop that reads them. */
@NullMarked
package dev.muster.coordinator.liveness;

import org.jspecify.annotations.NullMarked;
