/** Windowed statistics over the topic of events, by Kafka Streams. */
@NullMarked
package dev.muster.coordinator.stats;

import org.jspecify.annotations.NullMarked;
