/** How a component's loop runs on a thread of its own. */
@NullMarked
package dev.muster.coordinator.loop;

import org.jspecify.annotations.NullMarked;
