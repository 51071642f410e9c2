/** The pieces of the hot path one by one, with what they allocate: JMH benchmarks. */
@NullMarked
package dev.muster.bench.micro;

import org.jspecify.annotations.NullMarked;
