/** The operations API, the metrics and the live page. Reads, and redrives dead letters. */
@NullMarked
package dev.muster.coordinator.http;

import org.jspecify.annotations.NullMarked;
