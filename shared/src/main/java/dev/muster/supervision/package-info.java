/**
 * Erlang/OTP's supervisor as values and a pure function: what to start, stop and restart, in which order, and when to
 * give up. {@link dev.muster.supervision.SupervisorDecider} decides; who runs processes carries it out. Imports the JDK,
 * {@link dev.muster.job} and {@link dev.muster.fleet} only, reads no clock, does no I/O, logs nothing.
 */
@NullMarked
package dev.muster.supervision;

import org.jspecify.annotations.NullMarked;
