/**
 * The drill: faults that hit a running, loaded stack, and what the product's own records say about how it recovered.
 * {@link dev.muster.local.drill.FaultKind} names the faults with their bounds; a {@link dev.muster.local.drill.Fault}
 * hits; the figures are pure functions of what was recorded.
 */
@NullMarked
package dev.muster.local.drill;

import org.jspecify.annotations.NullMarked;
