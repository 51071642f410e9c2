/**
 * Time as a parameter. The only package that reads the machine's clocks; deciders get numbers, tests turn the hands.
 * Imports the JDK only.
 */
@NullMarked
package dev.muster.time;

import org.jspecify.annotations.NullMarked;
