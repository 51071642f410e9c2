/**
 * Kafka clients: every setting that Muster relies on, each with its why, and the topics' and groups' own settings.
 * Imports {@link dev.muster.job}, {@link dev.muster.fleet}, {@link dev.muster.config}, the names and
 * envelopes in {@link dev.muster.protocol}, {@link dev.muster.time}, and Kafka's clients.
 */
@NullMarked
package dev.muster.kafka;

import org.jspecify.annotations.NullMarked;
