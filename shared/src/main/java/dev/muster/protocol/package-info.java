/**
 * What goes over Kafka: topics, the CloudEvents envelope of a submission, heartbeats, events, commands. Pure functions
 * over bytes and headers; imports {@link dev.muster.job}, {@link dev.muster.fleet},
 * {@link dev.muster.schedule}, Kafka's record classes and Jackson.
 */
@NullMarked
package dev.muster.protocol;

import org.jspecify.annotations.NullMarked;
