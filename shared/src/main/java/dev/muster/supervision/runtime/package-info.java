/**
 * Supervision with threads and processes around the pure decider: supervisors, their children of three kinds, tasks, and
 * a registry of names. Thread-safe where a class does not say otherwise.
 */
@NullMarked
package dev.muster.supervision.runtime;

import org.jspecify.annotations.NullMarked;
