/** From Kafka to the lanes: the poll loop, which never waits for Postgres, and what a record says. */
@NullMarked
package dev.muster.worker.intake;

import org.jspecify.annotations.NullMarked;
