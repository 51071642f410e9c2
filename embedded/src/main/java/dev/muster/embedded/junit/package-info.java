/**
 * The embedded servers in tests: one Postgres and one Kafka per JVM, started by the first test that asks. May import
 * {@code dev.muster.embedded} and JUnit's API, which is optional for everyone else.
 */
@NullMarked
package dev.muster.embedded.junit;

import org.jspecify.annotations.NullMarked;
