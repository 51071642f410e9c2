/** Jobs on virtual threads: each with its context, its timeout and its outcome; a crash of one touches no other. */
@NullMarked
package dev.muster.worker.execution;

import org.jspecify.annotations.NullMarked;
