/** The payments handler, its provider behind a circuit breaker. */
@NullMarked
package dev.muster.worker.payments;

import org.jspecify.annotations.NullMarked;
