/**
 * For the tests of whoever writes a handler: runs it as a worker would, without a worker, Kafka or Postgres. Imports
 * {@code job}, {@code execution}, {@code protocol} and the records of {@code store}; nothing of Muster's own production code imports it.
 */
@NullMarked
package dev.muster.testing;

import org.jspecify.annotations.NullMarked;
