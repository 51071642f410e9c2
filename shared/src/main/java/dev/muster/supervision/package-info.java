/**
 * Restarting what fails, as OTP does: pure deciders that say what to restart and when to give up. Imports the JDK,
 * {@link dev.muster.job} and {@link dev.muster.fleet} only, reads no clock, does no I/O, logs nothing.
 */
@NullMarked
package dev.muster.supervision;

import org.jspecify.annotations.NullMarked;
