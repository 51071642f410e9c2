/**
 * Real servers as child processes: Postgres, a Kafka broker and the sandbox payment provider, for the local stack and
 * for every module's integration tests. Knows nothing of jobs or workers, so that all other modules may test against it.
 */
@NullMarked
package dev.muster.embedded;

import org.jspecify.annotations.NullMarked;
