/** What a worker must know before it acts: that it is alive in Postgres, and who is missing from its group. */
@NullMarked
package dev.muster.worker.trust;

import org.jspecify.annotations.NullMarked;
