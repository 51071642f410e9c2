/** The coordinator: supervises the fleet, relays events, serves the operations API. Knows {@code shared}, never a worker's code. */
@NullMarked
package dev.muster.coordinator;

import org.jspecify.annotations.NullMarked;
