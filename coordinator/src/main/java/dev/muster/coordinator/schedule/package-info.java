/** Fires schedules: the leader makes a job at each of their times. */
@NullMarked
package dev.muster.coordinator.schedule;

import org.jspecify.annotations.NullMarked;
