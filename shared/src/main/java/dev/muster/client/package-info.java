/**
 * The Java client: submits jobs and learns how they end, with Kafka alone. Needs kafka-clients and Jackson besides the JDK,
 * and no way to Postgres. Imports {@link dev.muster.job}, {@link dev.muster.protocol}, {@link dev.muster.kafka},
 * {@link dev.muster.config}, {@link dev.muster.time}, Kafka and SLF4J.
 */
@NullMarked
package dev.muster.client;

import org.jspecify.annotations.NullMarked;
