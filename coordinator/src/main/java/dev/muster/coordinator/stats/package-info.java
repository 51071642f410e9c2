/** Windowed statistics over what the relay has counted, by Kafka Streams. */
@NullMarked
package dev.muster.coordinator.stats;

import org.jspecify.annotations.NullMarked;
