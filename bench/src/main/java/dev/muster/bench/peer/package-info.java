/**
 * Other ways to run jobs on the JVM, each as its own documentation says it is fast, each a process that
 * {@code JvmTrial} starts. Settings and versions are explained in {@code docs/performance.md}.
 */
@NullMarked
package dev.muster.bench.peer;

import org.jspecify.annotations.NullMarked;
