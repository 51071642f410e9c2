/** Jobs on all their ways to a worker and back, with a coordinator and real workers. */
@NullMarked
package dev.muster.local.submitting;

import org.jspecify.annotations.NullMarked;
