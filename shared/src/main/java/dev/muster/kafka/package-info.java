/** Kafka clients: every setting that Muster relies on, each with its why, and the topics' and groups' own settings. */
@NullMarked
package dev.muster.kafka;

import org.jspecify.annotations.NullMarked;
