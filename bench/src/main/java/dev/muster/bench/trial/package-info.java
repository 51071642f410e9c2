/** The contestants as the measuring process sees them: prepared, started, looked at, ended. */
@NullMarked
package dev.muster.bench.trial;

import org.jspecify.annotations.NullMarked;
