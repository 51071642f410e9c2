/**
 * The poll loop: from Kafka to the lanes, never waiting for Postgres. Knows {@link dev.muster.worker.lane} and
 * {@link dev.muster.worker.intake}; neither knows it: lanes answer through {@link dev.muster.worker.lane.IntakePort}.
 */
@NullMarked
package dev.muster.worker.poll;

import org.jspecify.annotations.NullMarked;
