@NullMarked
package dev.muster.worker.poll;

import org.jspecify.annotations.NullMarked;
