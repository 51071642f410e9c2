/** Measurements, each a program of its own. Knows {@code local}. */
@NullMarked
package dev.muster.bench;

import org.jspecify.annotations.NullMarked;
