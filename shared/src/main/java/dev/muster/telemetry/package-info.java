/**
 * The list of all meters. Imports Micrometer's core only; what a component counts it names here, so that
 * {@code docs/metrics.md}, the dashboards and the tests read one list.
 */
@NullMarked
package dev.muster.telemetry;

import org.jspecify.annotations.NullMarked;
