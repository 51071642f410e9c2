/** The operations API, the metrics and the live page. Read-only. */
@NullMarked
package dev.muster.coordinator.http;

import org.jspecify.annotations.NullMarked;
