/** The store threads: each owns a fixed part of the worker's partitions and says everything about them to Postgres. */
@NullMarked
package dev.muster.worker.lane;

import org.jspecify.annotations.NullMarked;
