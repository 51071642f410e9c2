/**
 * The demo: payments at a steady rate, workers killed as they go, and an audit of what Postgres and the provider say in
 * the end. The numbers are pure functions of what was read.
 */
@NullMarked
package dev.muster.local.demo;

import org.jspecify.annotations.NullMarked;
