/** The {@code muster} command: picks the subcommand, says errors in one line, turns them into exit codes. */
@NullMarked
package dev.muster.local;

import org.jspecify.annotations.NullMarked;
