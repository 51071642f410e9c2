/**
 * The workers of a pool under a supervisor as OTP has it. {@link dev.muster.coordinator.fleet.FleetLoop} has one while its
 * coordinator leads; a child of it is a worker, a life of that child one process. What a supervisor does not do is
 * elsewhere: {@code recovery} fences the dead, {@code liveness} judges the silent.
 */
@NullMarked
package dev.muster.coordinator.fleet;

import org.jspecify.annotations.NullMarked;
