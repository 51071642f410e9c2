/** The limit that everything is held against: the least that makes a job of a record durable before and after it runs. */
@NullMarked
package dev.muster.bench.bare;

import org.jspecify.annotations.NullMarked;
