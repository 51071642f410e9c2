/**
 * The whole of Muster on one machine: real servers, a coordinator and its workers as processes, in a supervision tree.
 * Used by {@code up} and {@code demo}.
 */
@NullMarked
package dev.muster.local.stack;

import org.jspecify.annotations.NullMarked;
