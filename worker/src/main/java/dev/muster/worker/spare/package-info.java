/**
 * A process that waits, warm, to become a worker: {@link dev.muster.worker.spare.Spare}. A leaf: it knows nothing of what
 * workers do.
 */
@NullMarked
package dev.muster.worker.spare;

import org.jspecify.annotations.NullMarked;
