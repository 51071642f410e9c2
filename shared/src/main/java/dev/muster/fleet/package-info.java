/**
 * The fleet in values: workers, their incarnations, heartbeats, how they end. Pure: imports the JDK and
 * {@link dev.muster.job} only, reads no clock, does no I/O, logs nothing.
 */
@NullMarked
package dev.muster.fleet;

import org.jspecify.annotations.NullMarked;
