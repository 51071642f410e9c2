/**
 * The sandbox payment provider: an HTTP server that speaks Stripe's protocol, keeps every charge through its own death,
 * and fails on demand. It is the witness that nobody is charged twice, so it shares no code with what it judges: it may
 * import the JDK, Jackson and {@code dev.muster.embedded}.
 */
@NullMarked
package dev.muster.embedded.sandbox;

import org.jspecify.annotations.NullMarked;
