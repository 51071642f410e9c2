/** How others see this worker: heartbeats on Kafka, health and metrics over HTTP. */
@NullMarked
package dev.muster.worker.heartbeat;

import org.jspecify.annotations.NullMarked;
