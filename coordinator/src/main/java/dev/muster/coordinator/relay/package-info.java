/** From the outbox in Postgres to the topics of events and dead letters. */
@NullMarked
package dev.muster.coordinator.relay;

import org.jspecify.annotations.NullMarked;
