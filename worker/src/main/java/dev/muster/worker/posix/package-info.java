/** What this process can ask its operating system for and not its JVM. */
@NullMarked
package dev.muster.worker.posix;

import org.jspecify.annotations.NullMarked;
