/**
 * Why a job isn't running now, as a pure function of what is known of it. Imports {@link dev.muster.job} and the JDK; the
 * facts are gathered by the store and, for what is still in Kafka, by {@code dev.muster.kafka}.
 */
@NullMarked
package dev.muster.explain;

import org.jspecify.annotations.NullMarked;
