/** Jobs that kill their worker, for the drill and for tests. No worker has their handler unless it is armed with a jar. */
@NullMarked
package dev.muster.local.crash;

import org.jspecify.annotations.NullMarked;
