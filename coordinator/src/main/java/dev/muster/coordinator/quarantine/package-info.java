/**
 * Who killed the worker: which deaths say something of the jobs that were in flight, what they say, and who is lent to the
 * quarantine worker next. Pure: imports the JDK, {@code job}, {@code fleet}, the records of {@code store} and the report
 * of an exit, reads no clock, does no I/O, logs nothing. {@code recovery} and {@code fleet} carry it out.
 */
@NullMarked
package dev.muster.coordinator.quarantine;

import org.jspecify.annotations.NullMarked;
