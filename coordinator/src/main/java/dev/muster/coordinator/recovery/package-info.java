/** What is done when a worker has died. */
@NullMarked
package dev.muster.coordinator.recovery;

import org.jspecify.annotations.NullMarked;
