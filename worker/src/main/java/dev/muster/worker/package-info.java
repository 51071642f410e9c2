/**
 * A worker process: takes jobs from Kafka, makes them durable in Postgres, runs them and writes their outcome down.
 * {@link dev.muster.worker.Worker} shows how the parts hang together.
 */
@NullMarked
package dev.muster.worker;

import org.jspecify.annotations.NullMarked;
