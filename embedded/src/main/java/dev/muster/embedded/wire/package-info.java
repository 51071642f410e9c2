/**
 * Wires between processes that tests and drills cut: a TCP proxy in front of a server, for one of its clients, while
 * everybody else reaches it directly. It may import the JDK.
 */
@NullMarked
package dev.muster.embedded.wire;

import org.jspecify.annotations.NullMarked;
