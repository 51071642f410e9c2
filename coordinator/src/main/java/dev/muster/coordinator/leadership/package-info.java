/** Which of the coordinators leads, and under which epoch. */
@NullMarked
package dev.muster.coordinator.leadership;

import org.jspecify.annotations.NullMarked;
